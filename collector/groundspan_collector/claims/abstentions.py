"""Whether a sentence says that the context does not tell, or that the writer does not know."""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


SAYING = (
    r"(?:mention|say|state|contain|provide|specify|include|address|discuss|give|cover|explain|describe|indicate"
    r"|list|detail)"
)
TEXT = (
    r"(?:contexts?|passages?|document(?:s|ation)?|docs|materials?|texts?|sources?|articles?|excerpts?|chunks?"
    r"|snippets?"
    r"|(?:given|provided|available|retrieved|supplied) (?:information|data|content|results)|search results)"
)
OF_IT = (
    r"(?: (?:provided|given|available|supplied|retrieved|above|itself|themselves|here|also|only|however|you|i"
    r"|we|that|which|was|were"
    r"|have|has|had|been|shared|gave|received|shown|to|me|us|by|the|user|in|this|question|context|and|or"
    r"|passage|\d+)){0,9}"
)
"""Words that may stand between "the passage" and what it does not do: nothing that makes another thing of it."""
NOT = r"(?:(?:do|does|did)(?: not|n't)|fails? to|never|lacks?)"
PLACE = rf" (?:in|by|within|from|on|with|using) (?:[\w']+ ){{0,4}}?(?:{TEXT}|information|knowledge base)\b"
PLACE += (
    r"(?=[^\w\s]|\s*$| (?:provided|given|available|supplied|above|itself|you|i|we|about|regarding|on|for|to|that"
    r"|which|of|or|and|at|how|what|who|when|where|why|whether|so|but|as|from|here|with)\b)"
)
"""Where something is not said: "in the context", but not "in the document store"."""
KNOWLEDGE = r"(?:information|details?|data|context|evidence|mention|answer|indication|reference|explanation)"
NOT_SAYING = (
    rf"{NOT} (?:\w+ly |appear to |seem to |actually |directly )?"
    rf"(?:{SAYING}|have (?:\w+ )?(?:info|details)|answer|speak|refer|tell|touch on|go into|information|details)"
)
ABSENCE = _any(
    rf"\b{TEXT}{OF_IT},? {NOT_SAYING}",
    rf"\b(?:the |this |that )(?:\w+ )?{TEXT}\b[^.;]{{0,160}}?\b(?:but|and|though|although|yet|however),? (?:it "
    rf"|they )?(?:also )?"
    r"(?:do|does|did)(?: not|n't) (?:\w+ly )?(?:mention|specify|say|state|discuss|address|explain|describe"
    r"|cover|indicate|"
    r"(?:provide|give|contain|include) (?:\w+ ){0,3}(?:information|details?|instructions|guidance|explanation))",
    r"\b(?:it|they|this|which) (?:also )?(?:do|does|did)(?: not|n't) (?:explicitly |specifically "
    r"|directly )?mention\b",
    rf"\b(?:none|neither|no part|nothing|not one)\b[^.;]{{0,20}} {TEXT}{OF_IT} (?:\w+ly )?(?:{SAYING}s?|says"
    rf"|tells?|answers?)\b",
    r"^(?:there is |there's )?no (?:\w+ )?mention of\b",
    rf"^no (?:\w+ )?{TEXT} (?:\w+ly )?{SAYING}",
    rf"\b(?:not|isn't|aren't|wasn't|never) (?:\w+ly )?(?:{SAYING}(?:d|ed)?|specified|said|given|found|available"
    rf"|covered|present|clear|listed)\b[^.;,]{{0,30}}?{PLACE}",
    r"\b(?:is|are)(?: not|n't) (?:\w+ly )?(?:mentioned|specified|stated)\W*$",
    rf"\b(?:no|not enough|insufficient|without) (?:\w+ ){{0,2}}{KNOWLEDGE}\b[^.;]{{0,80}}?{PLACE}",
    rf"\b(?:unclear|not possible|impossible|hard|difficult)\b[^.;,]{{0,40}}?{PLACE}",
    r"\b(?:kontext|text|quellen?|dokumente?n?|abschnitte?|unterlagen|passagen?)(?: \w+){0,2} (?:enthält"
    r"|enthalten|nennt|nennen|erwähnt|erwähnen|gibt|geben|sagt|macht|liefert)\b[^.;,]{0,50}\b(?:kein|nicht)",
    r"\b(?:im|in (?:den|dem|der)|aus (?:dem|den|der)) (?:\w+ )?(?:kontext|text|quellen?|dokument(?:en)?"
    r"|unterlagen|passagen?)\b[^.;]{0,80}\b(?:nicht (?:\w+ )?(?:erwähnt|genannt|angegeben|enthalten|hervor)"
    r"|kein\w* (?:\w+ )?(?:information|angabe|hinweis))",
    r"\bnicht (?:\w+ )?(?:aus|in|im) (?:\w+ ){0,2}(?:kontext|text|dokument\w*|quellen?) (?:hervor|erwähnt"
    r"|genannt|angegeben)",
    r"\b(?:kontext|text|dokument\w*)\b[^.;]{0,30} nicht (?:hervor|erwähnt|genannt|angegeben)",
    r"\b(?:dazu|darüber|hierzu)\b[^.;]{0,30} (?:keine (?:\w+ )?(?:informationen|angaben|hinweise|auskunft)|nichts)\b"
    r"|\bkeine (?:\w+ )?(?:informationen|angaben|hinweise) (?:zu|zum|zur|über|dazu|darüber|vor|gefunden|verfügbar)\b",
    r"\b(?:contexte|textes?|documents?|passages?|extraits?)(?: \w+){0,2} ne (?:\w+ )?(?:mentionn|contien|précis"
    r"|indiqu|fourni|donn|di[ts]|parl|permet)",
    r"\b(?:n'est|ne sont) pas (?:\w+ )?(?:mentionn|précis|indiqu|fourni)\w*(?:\W*$| (?:dans|par) )"
    r"|\baucune (?:information|mention)\b",
    r"\b(?:contexto|textos?|documentos?|pasajes?|fragmentos?)(?: \w+){0,2} no (?:\w+ )?(?:mencion|contien|dice"
    r"|especific|indic|proporcion|ofrece|da\b)",
    r"\bno (?:se|está|están) (?:menciona|especifica)|\bno hay (?:suficiente )?información\b",
    r"(?:没有|并未|未|没)(?:明确|具体|直接)?(?:提到|提及|说明)"
    r"|(?:上下文|文中|文本|文章|文档|文件|资料|材料|原文|内容|段落|信息)[^。；]{0,20}"
    r"(?:没有|并未|未|没|不)(?:明确|具体|直接)?(?:提供|包含|涉及|给出|足够|相关|任何)"
    r"|^没有(?:足够的?|相关的?|任何)(?:相关)?(?:信息|内容|资料)|(?:記載|記述|言及|情報)(?:が|は|も)?(?:ありません|されていません|ない)",
    r"(?:السياق|النص|المستند|الوثيقة|الوثائق)(?: \S+){0,2} لا (?:يذكر|تذكر|يحتوي|تحتوي|يوضح|يحدد)|(?:لم"
    r"|لا) (?:يُذكر|يرد|يتم ذكر)|لا توجد (?:معلومات|أي معلومات)",
    r"(?:ההקשר|הטקסט|המסמך|המסמכים)(?: \S+){0,2} (?:אינו|אינם|לא) (?:מציין|מזכיר|מכיל|כולל|מציינים|מזכירים)"
    r"|אין (?:מספיק )?מידע",
    r"(?:संदर्भ|पाठ|दस्तावेज़?)\S* में [^।]{0,60}(?:नहीं|उल्लेख नहीं)|(?:जानकारी|उल्लेख) (?:उपलब्ध |मौजूद )?नहीं",
)
SELF = r"(?:i|we)(?:'m| am|'re| are)?"
REFUSAL = _any(
    rf"^(?:(?:\w+ly|therefore|thus|so|note|answer)[,:]? )?unable to (?:answer|provide|find|determine|help|assist)\b"
    rf"|\b{SELF} (?:\w+ )?unable to (?:answer|provide|find|determine|help|assist|locate|say)\b",
    r"\bunable to (?:answer|determine)[^.;]{0,30} (?:based on|from|using|with) (?:the |these )?(?:\w+ )?"
    rf"{TEXT}",
    r"(?:^|[,:] |\b(?:so|therefore|thus|and|but|that) )i(?: do not|'m not| don't| cannot| can't| could not"
    r"| couldn't| am not able to| am unable to|'m not able to| was not able to"
    r"| wasn't able to) (?:\w+ly )?(?:know|answer|say|tell|help|assist|find|determine|confirm|verify|provide|see"
    r"|have (?:\w+ )?(?:enough|any|sufficient|access|information|details|data|personal)|discuss|fulfill|comply"
    r"|sure)\b",
    r"\bwe (?:do not|don't|cannot|can't|could not|couldn't) (?:know|answer (?:this|that|the)|say|tell|determine"
    r"|have (?:enough|any|sufficient) information)\b",
    r"\bas an ai\b|\bas a (?:large )?language model\b",
    r"\b(?:question|query|answer|this|that|it) (?:can not|cannot|can't|could not) be (?:\w+ly )?(?:answered"
    r"|determined)\b",
    rf"\b(?:cannot|can't|could not) be (?:\w+ly )?(?:answered|determined|inferred|found"
    rf"|confirmed)\b[^.;]{{0,30}}?{PLACE}",
    rf"^(?:there is |there's |there isn't |there is not |i (?:see|found) |i have )?(?:no|not enough"
    rf"|insufficient|any|enough)"
    rf" (?:\w+ ){{0,2}}{KNOWLEDGE}(?: (?:provided|available|given|found|about|on|regarding|concerning"
    rf"|to (?:answer|determine|say))\b"
    r"|\W*$)",
    r"^(?:that|this|the|such) (?:\w+ )?(?:information|detail|answer)s? (?:is|are|was)(?: not|n't) (?:\w+ )?"
    r"(?:available|provided|given|known|present|included|in\b)",
    r"^(?:i'm|i am) (?:not (?:\w+ )?(?:sure|certain|aware)|(?:\w+ )?(?:sorry|afraid))\W*$|^(?:i'm"
    r"|i am) not (?:sure|certain|aware)\b",
    r"^(?:it is|it's) (?:not (?:clear|known)|unclear|unknown) (?:from|who|what|when|where|whether|how|why)\b",
    r"^(?:it is|it's) (?:not possible|impossible) to (?:\w+ly )?(?:say|tell|know|determine|answer"
    r"|provide)\b[^,;]{0,60}$",
    rf"^(?:(?:that |it )?(?:is |was )?not (?:\w+ )?in the (?:\w+ )?(?:{TEXT})|no answer|unknown|n/a"
    rf"|not (?:found|available|specified|mentioned|stated)"
    r"|not enough information|insufficient information|i don't know|no idea)\W*$",
    r"\b(?:ich weiss|weiss ich) (?:es |das )?(?:leider )?nicht\b|\b(?:kann|können) (?:ich"
    r"|wir) [^.;]{0,70}\bnicht (?:\w+ )?(?:beantworten"
    r"|sagen|helfen|finden)\b|\bich kann [^.;]{0,80}\bnicht (?:\w+ )?(?:beantworten|sagen|helfen|finden)\b"
    r"|\blässt sich [^.;]{0,80}\bnicht (?:beantworten|sagen|feststellen|bestimmen)\b",
    r"\bje ne (?:sais|peux|trouve|dispose|suis pas)\b|\bje n'ai (?:pas|aucune)\b"
    r"|\bno (?:lo )?(?:sé|puedo (?:responder|ayudar|determinar|proporcionar)|tengo (?:\w+ )?(?:información"
    r"|acceso|datos|suficiente))",
    r"我(?:也)?不(?:知道|清楚|确定)|无法(?:从\w{0,12}中)?(?:回答|得知)|不能回答|^无法(?:确定|判断|找到)"
    r"|(?:我|根据|从|上下文|资料|信息|文中)[^。；]{0,30}(?:无法|不能)(?:确定|判断|提供|找到|帮助)",
    r"わかりません|分かりません|(?:お答え|回答|答えることが|判断)(?:でき|いたしかね)ません",
    r"لا أعرف|لا أعلم|لا أستطيع (?:الإجابة|المساعدة)|لا يمكنني (?:الإجابة|المساعدة)|אני לא (?:יודע|יכול|יכולה"
    r"|יודעת)|אינני (?:יודע|יכול)|मुझे (?:\S+ )?नहीं पता|मैं (?:\S+ ){0,5}(?:उत्तर|जवाब|मदद) नहीं",
)
QUOTES = re.compile(r"[\"“”„«»]")


def abstains(head: str) -> bool:
    """Whether the sentence that begins with *head* says that something is not known or not told."""
    return absence_end(head) > 0


def absence_end(head: str) -> int:
    """Where what makes *head* an abstention ends; 0 where it is none."""
    found = ABSENCE.search(head) or REFUSAL.search(head)
    if found is None:
        return 0
    before = head[: found.start()]
    # "Equal pay (not stated in the passages)" claims equal pay; 'he said "I don't know"' is about him.
    quoted = len(QUOTES.findall(before)) % 2 == 1 and QUOTES.match(head) is None
    return 0 if "(" in before[1:] or quoted else found.end()
