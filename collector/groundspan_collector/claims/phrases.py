"""The phrases of answers that say nothing of the world, in the languages that answers come in.

All are matched against the beginning of a sentence in small letters, without its dress (see kinds.bare_head).
"""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


REFERENCE = _any(
    r"\[[^\[\]\n]{0,120}\]\((?:https?:|/|#|mailto:)[^()\s]{0,400}\)|https?://\S+|【[^】\n]{0,60}】|[¹²³⁴⁵⁶⁷⁸⁹⁰]+",
    r"\[\^?\d[\d,;–\- ]{0,40}\]|\[\^[\w-]{1,30}\]",
    r"\[(?:doc\w*|sources?|passages?|chunks?|ref\w*|citations?|contexts?|page|p\.)\b[^\[\]\n]{0,60}\]",
    r"\((?:sources?|passages?|see|ref|doc\w*|chunks?|section|pages?|p\.|quellen?|fuentes?|vgl)\b[^()\n]{0,80}\)",
)
SOURCE = re.compile(
    r"(?:sources?|references?|citations?|cited from|see also|quellen?|fuentes?|références?|referencias?"
    r"|来源|参考(?:资料|文献)?|出典)\s*[:：]"
    r"|(?:according to |see )?(?:passages?|documents?|sources?|chunks?) \d\W*$"
)
SOURCES = re.compile(
    r"(?:sources|references|citations|bibliography|further reading|quellen|literatur|références|fuentes"
    r"|referencias|参考文献|参考资料|来源|出典)\W*$"
)
POLITE = re.compile(
    r"(?:(?:i'm|i am|we're|we are) (?:\w+ )?(?:sorry|afraid)|(?:my |i )?apologi\w+(?: for (?:the|any) \w+)?|sorry"
    r"|unfortunately|hi|hello|hey|sure|certainly|of course|yes|no|leider|désolée?|malheureusement|lo siento"
    r"|lamentablemente|抱歉|对不起|很抱歉|不好意思|申し訳ありません|すみません|عذرا|آسف|מצטער|सॉरी|क्षमा करें)"
    r"(?:[,，、!.。:]\s*|\s+)(?:but |aber |mais |pero |但是?)?"
)
"""What is said before the sentence proper."""
GREETING = _any(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|sure(?: thing)?|certainly|of course|absolutely"
    r"|(?:that's a )?(?:great|good|excellent)(?: question)?|okay|ok|alright|thanks|thank you"
    r"|you(?:'re| are) (?:very |most )?welcome|sorry|no problem|my pleasure|gladly|enjoy|good luck|cheers"
    r"|(?:best|kind|warm) regards|sincerely|have a (?:great|nice|good|wonderful) (?:day|one|time|evening)"
    r"|hallo|guten (?:tag|morgen|abend)|gerne?(?: geschehen)?|natürlich|selbstverständlich|klar|vielen dank|danke"
    r"|viel erfolg|mit freundlichen grüssen|bonjour|bonsoir|salut|merci(?: beaucoup)?|bien sûr|avec plaisir"
    r"|je vous en prie"
    r"|¡?hola|buenos días|(?:muchas )?gracias|¡?claro(?: que sí)?|por supuesto|de nada|con gusto|ciao|olá)"
    r"(?:[\s,]+(?:there|everyone|all|again|you|(?:so|very) much|user|friend|team|to you|for (?:asking"
    r"|your question)))*"
    r"\W*$",
    r"(?:你好|您好|谢谢|不客气|当然(?:可以)?|好的|没问题|こんにちは|はい、?(?:もちろん(?:です)?)?"
    r"|もちろん(?:です)?|どういたしまして"
    r"|مرحبا|أهلا|شكرا|بالطبع|שלום|תודה|בטח|नमस्ते|धन्यवाद|ज़रूर)(?: \S+)?\W*$",
    r"(?:i|we) (?:hope|trust) (?:this|that|it|these)\b[^.]{0,40}\b(?:help|useful|clear|clarif|answer|find|assist)",
    r"hope (?:this|that|it) helps?\b",
    r"(?:i'd |i would |i'm |i am |we're |i'll |always )?(?:be )?(?:happy|glad|pleased|here) to (?:help|assist"
    r"|explain|answer)\b",
    r"is there anything else|(?:please )?let me know\b|(?:please )?(?:don't|do not) hesitate\b",
    r"(?:please )?feel free to (?:ask|reach|contact|let|share|provide|send|message|get in touch|clarify)\b",
    r"if you (?:have|need|want|would like|'d like)(?: \w+){0,6}? (?:questions?|help|assistance|clarification"
    r"|details)\b",
    r"i understand (?:your|that you|how)\b|(?:my |i )?apologi[sz]e?s?\b[^.]{0,60}(?:confusion|inconvenience"
    r"|mistake|error)",
    r"(?:i'm|i am) (?:\w+ )?sorry (?:for|about|to hear)\b",
    r"ich hoffe,? (?:das|dies|es)\b|bei (?:weiteren )?fragen\b|j'espère que\b|n'hésitez pas\b"
    r"|si vous avez (?:d'autres )?question",
    r"espero que (?:esto|te|le|sea)\b|no dud(?:e|es) en\b|si tienes? (?:más |otras )?(?:preguntas|dudas)\b",
    r"希望(?:这|以上|对您|能)|如(?:果您|果你|您|你)?(?:还)?有(?:任何|其他|更多)|お役に立て"
    r"|何か(?:他に)?(?:ご質問|質問)|آمل أن|אשמח לעזור|אם יש לך",
)
THING = (
    r"(?:summary|answers?|response|overview|explanation|list|breakdown|examples?|recap|translation|guide|steps?"
    r"|details"
    r"|information|comparison|table|outline|version|instructions|recipe|tips|points?|highlights|facts|results?|code"
    r"|snippet|suggestions?|ways|options|reasons|differences?|benefits|characteristics|uses|things|features)"
)
ABOUT = _any(
    rf"(?:\w+[,!.] )?(?:(?:based on|according to|from|using) [^,:]{{0,80}}[,:]? ?)?"
    rf"(?:here(?:'s| is| are)|below (?:is|are)|(?:the )?following (?:is|are))\b[^.:]{{0,80}}\b{THING}\b",
    r"this is (?:a|an|the|my) (?:\w+ )?(?:summary|answer|response|overview|recap|translation) (?:of|to|based)\b",
    r"here(?:'s| is) (?:what (?:i|we|you|the)\b|how (?:you|to|it|one|i)\b|why\b)",
    r"(?:this|that|the|my) (?:above )?(?:information|answer|summary|response|explanation)"
    r" (?:can be found|is (?:\w+ )?(?:based|taken|from|drawn)|comes|was (?:taken|drawn)|may (?:not )?be)\b",
    r"(?:please )?note that (?:this|the|my) (?:answer|summary|response|information)\b",
    r"(?:let's|let me|i will|i'll|allow me to) (?:\w+ )?(?:break|dive|explain|summari[sz]e|look|take a look"
    r"|walk|go through"
    r"|start|answer|clarify|outline|check)\b",
    r"(?:i|we)(?:'ve| have)? (?:searched|looked through|reviewed|checked|read|found) [^.]{0,60}"
    r"\b(?:documents?|passages?|context|sources?|results|following|information)\W*$",
    r"(?:hier (?:ist|sind|finden sie|findest du)|im folgenden|nachfolgend)\b[^.:]{0,80}"
    r"\b(?:zusammenfassung|antwort|überblick|übersicht|liste|schritte?|informationen|punkte|erklärung)\b",
    r"voici\b[^.:]{0,80}\b(?:résumé|réponse|aperçu|liste|étapes|informations|points|explication)",
    r"(?:aquí (?:está|están|tienes?|hay)|a continuación)\b[^.:]{0,80}"
    r"\b(?:resumen|respuesta|lista|pasos|información|puntos|explicación)",
    r"(?:根据[^，,。：:]{0,40}[，,])?(?:以下是|下面是|总结如下|答案如下|以下は)",
    r"(?:إليك|فيما يلي|הנה|להלן|यहाँ|यहां)[^.:]{0,60}(?:ملخص|قائمة|إجابة|סיכום|רשימה|תשובה|सारांश|सूची|उत्तर)",
)
LEAD_IN = re.compile(
    r"\b(?:here(?:'s| is| are)|as follows|following|follow these|answer"
    r"|folgende[nrs]?|wie folgt|hier (?:ist|sind)|voici|suivante?s?|comme suit|siguientes?|aquí|a continuación)\b"
    r"|以下|如下|下面|次の|التالية|التالي|הבא|הבאים|निम्नलिखित"
)
UNFINISHED = re.compile(
    r"\b(?:is|are|was|were|be|as|by|includes?|included|involves?|to|of|for|with|contains?|ist|sind|lautet"
    r"|lauten|est|sont"
    r"|es|son|incluyen?)$|(?:包括|是|有|为|は|とは)$"
)
"""A line with a colon that ends like this says nothing without what follows."""
VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|did|will|would|can|could|may|might|must|shall|should|cannot"
    r"|(?:is|are|was|were|has|have|had|does|do|did|wo|would|ca|could|must|should)n['’]t"
    r"|includes|contains|provides|requires|allows|became|began|costs|takes|supports|says|gave|grew|fell|rose|won|lost"
    r"|ist|sind|wird|werden|wurden?|hat|haben|kann|können|muss|müssen|est|sont|peut|peuvent|doit|était"
    r"|es|está|están|fue|era|tiene|puede|pueden)\b"
)
"""A sign that something is stated; there are more verbs than these."""
YES_OR_NO = re.compile(r"(?:yes|no|true|false|ja|nein|oui|non|sí|si|是的?|不是?|对|はい|いいえ|نعم|לא|כן|हाँ|नहीं)\W*$")
