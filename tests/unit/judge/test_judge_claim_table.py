"""Answers as language models write them, and what each piece of them is: a table to argue about."""

import pytest
from groundspan_collector import judges
from groundspan_collector.claims import parts, split
from groundspan_collector.judgement import judge_answer

JUDGE = judges.load("lexical")

ENGLISH: list[tuple[str, list[str]]] = [
    # Words around an answer
    ("Sure! The limit is 30 days.", ["greeting: Sure!", "claim: The limit is 30 days."]),
    ("Sure, the limit is 30 days.", ["claim: Sure, the limit is 30 days."]),
    (
        "That's a great question! I'd be happy to help you with that.",
        ["greeting: That's a great question!", "greeting: I'd be happy to help you with that."],
    ),
    (
        "I hope this answers your question! Have a great day! 😊",
        ["greeting: I hope this answers your question!", "greeting: Have a great day!"],
    ),
    ("Hope this helps!", ["greeting: Hope this helps!"]),
    (
        "Please feel free to reach out if anything is unclear.",
        ["greeting: Please feel free to reach out if anything is unclear."],
    ),
    ("Feel free to use any mild soap.", ["claim: Feel free to use any mild soap."]),
    (
        "I apologize for the confusion. The port is 8080.",
        ["greeting: I apologize for the confusion.", "claim: The port is 8080."],
    ),
    ("I'm sorry, the shop closes at 5.", ["claim: I'm sorry, the shop closes at 5."]),
    (
        "Let's break this down. The index has two levels.",
        ["about: Let's break this down.", "claim: The index has two levels."],
    ),
    (
        "Here's what I found:\n\n- The index has two levels.",
        ["about: Here's what I found:", "claim: The index has two levels."],
    ),
    ("Here is the answer: the limit is 30 days.", ["about: Here is the answer:", "claim: the limit is 30 days."]),
    (
        "Below is a step-by-step guide to reset the router.\n1. Hold the button.",
        ["about: Below is a step-by-step guide to reset the router.", "claim: Hold the button."],
    ),
    (
        "However, this is not accurate, as there is no complete list of species.",
        ["claim: However, this is not accurate, as there is no complete list of species."],
    ),
    (
        "This answer is based solely on the provided context.",
        ["about: This answer is based solely on the provided context."],
    ),
    (
        "It is important to note that the fee is 5 dollars.",
        ["claim: It is important to note that the fee is 5 dollars."],
    ),
    (
        "Based on the provided context, the fee is 5 dollars.",
        ["claim: Based on the provided context, the fee is 5 dollars."],
    ),
    ("The ingredients are:\n- two eggs\n- flour", ["about: The ingredients are:", "claim: two eggs", "claim: flour"]),
    (
        "The plan was signed in 1990 and has three tiers, including:\n- Free\n- Pro",
        ["claim: The plan was signed in 1990 and has three tiers, including:", "claim: Free", "claim: Pro"],
    ),
    ("The capital of France is:\n\n**Paris**", ["about: The capital of France is:", "claim: **Paris**"]),
    (
        "The fund was founded in 1999. So the answer is:\n\n**23 years**",
        ["claim: The fund was founded in 1999.", "about: So the answer is:", "claim: **23 years**"],
    ),
    ("Yes. The plan has three tiers.", ["title: Yes.", "claim: The plan has three tiers."]),
    ("**Would you like more?**", ["question: **Would you like more?**"]),
    ("Do you mean the old plan? 🤔", ["question: Do you mean the old plan?"]),
    # Abstentions
    (
        "I could not find any information about that in the provided documents.",
        ["abstention: I could not find any information about that in the provided documents."],
    ),
    (
        "There's no mention of a refund policy in the context.",
        ["abstention: There's no mention of a refund policy in the context."],
    ),
    ("The answer is not in the provided context.", ["abstention: The answer is not in the provided context."]),
    (
        "I do not have enough information to answer that question.",
        ["abstention: I do not have enough information to answer that question."],
    ),
    (
        "Based on the provided context, I cannot determine the price.",
        ["abstention: Based on the provided context, I cannot determine the price."],
    ),
    (
        "The context you provided doesn't include details about pricing.",
        ["abstention: The context you provided doesn't include details about pricing."],
    ),
    ("None of the passages mention the price.", ["abstention: None of the passages mention the price."]),
    ("Neither document states the release date.", ["abstention: Neither document states the release date."]),
    ("It is unclear from the context who wrote it.", ["abstention: It is unclear from the context who wrote it."]),
    (
        "The provided text lacks information on the founder.",
        ["abstention: The provided text lacks information on the founder."],
    ),
    ("That information isn't available.", ["abstention: That information isn't available."]),
    (
        "I'm not able to answer that from the documents.",
        ["abstention: I'm not able to answer that from the documents."],
    ),
    ("Nothing in the documents says who founded it.", ["abstention: Nothing in the documents says who founded it."]),
    ("The price is not mentioned.", ["abstention: The price is not mentioned."]),
    ("I'm sorry, but I can't help with that.", ["abstention: I'm sorry, but I can't help with that."]),
    (
        "Unfortunately, the documentation doesn't say which port it uses. The default protocol is TCP.",
        [
            "abstention: Unfortunately, the documentation doesn't say which port it uses.",
            "claim: The default protocol is TCP.",
        ],
    ),
    (
        "While the text does not say when, it states that the shop opens on Monday.",
        ["abstention: While the text does not say when", "claim: it states that the shop opens on Monday."],
    ),
    (
        "The price is not mentioned in the context; the fee is 5 dollars a month.",
        ["abstention: The price is not mentioned in the context", "claim: the fee is 5 dollars a month."],
    ),
    # What only looks like an abstention
    ("The document store does not provide transactions.", ["claim: The document store does not provide transactions."]),
    ("The text field does not contain spaces.", ["claim: The text field does not contain spaces."]),
    ("The company was unable to provide electricity.", ["claim: The company was unable to provide electricity."]),
    ("We do not provide refunds after 30 days.", ["claim: We do not provide refunds after 30 days."]),
    ("No data is lost when the server restarts.", ["claim: No data is lost when the server restarts."]),
    ("Insufficient data leads to wrong estimates.", ["claim: Insufficient data leads to wrong estimates."]),
    ("The cause of the fire could not be determined.", ["claim: The cause of the fire could not be determined."]),
    ('He told the court "I don\'t know" and left.', ['claim: He told the court "I don\'t know" and left.']),
    ("Users who cannot provide a receipt get no refund.", ["claim: Users who cannot provide a receipt get no refund."]),
    (
        "It is not possible to separate water from ethanol by simple distillation.",
        ["claim: It is not possible to separate water from ethanol by simple distillation."],
    ),
    ("None of the documents were lost in the fire.", ["claim: None of the documents were lost in the fire."]),
    (
        "It is not possible to tell who wrote it from the provided context.",
        ["abstention: It is not possible to tell who wrote it from the provided context."],
    ),
    ("No data is kept in the source system.", ["claim: No data is kept in the source system."]),
    ("The API is not available in the free plan.", ["claim: The API is not available in the free plan."]),
    ("No details of the deal were given to the press.", ["claim: No details of the deal were given to the press."]),
    (
        "If you need help with the installation, call 555-1234.",
        ["claim: If you need help with the installation, call 555-1234."],
    ),
    (
        "Let me know if you need help with the installation.",
        ["greeting: Let me know if you need help with the installation."],
    ),
    # Several statements in one sentence
    (
        "The Senate has 100 members, while the House has 435 members.",
        ["claim: The Senate has 100 members", "claim: the House has 435 members."],
    ),
    (
        "The first model was sold in 1999, and the company was bought by Acme in 2004.",
        ["claim: The first model was sold in 1999", "claim: the company was bought by Acme in 2004."],
    ),
    (
        "Members of the Senate serve for years; members of the House are elected every two years.",
        ["claim: Members of the Senate serve for years; members of the House are elected every two years."],
    ),
    (
        "Basic accounts are free; business accounts are charged 5 dollars.",
        ["claim: Basic accounts are free;", "claim: business accounts are charged 5 dollars."],
    ),
    (
        "According to the passage, the Senate has 100 members, whereas the House has 435 members.",
        ["claim: According to the passage, the Senate has 100 members", "claim: the House has 435 members."],
    ),
    ("Plan A is free, but Plan B is billed monthly.", ["claim: Plan A is free", "claim: Plan B is billed monthly."]),
    # One statement that only looks like several
    (
        "He said that the disk was full, and the queue was empty.",
        ["claim: He said that the disk was full, and the queue was empty."],
    ),
    (
        "If the disk is full, and the queue is full, writes fail.",
        ["claim: If the disk is full, and the queue is full, writes fail."],
    ),
    (
        "The tests run on Linux, macOS, and Windows is next.",
        ["claim: The tests run on Linux, macOS, and Windows is next."],
    ),
    ("In 1990, the wall was gone, and the city was one.", ["claim: In 1990, the wall was gone, and the city was one."]),
    (
        "The first plan is free, while the second one is not.",
        ["claim: The first plan is free, while the second one is not."],
    ),
    (
        "Some have praised the plan as bold, while others have called it weak.",
        ["claim: Some have praised the plan as bold, while others have called it weak."],
    ),
    (
        "Wine is said to help the heart, although the evidence is weak.",
        ["claim: Wine is said to help the heart, although the evidence is weak."],
    ),
    ("The lamp is red, and it was sold in 1999.", ["claim: The lamp is red, and it was sold in 1999."]),
    (
        "The bridge is long, and the capital of the region, Arles, is old.",
        ["claim: The bridge is long, and the capital of the region, Arles, is old."],
    ),
    (
        "The result holds (see Smith et al. 2020; Jones and others 2021).",
        ["claim: The result holds (see Smith et al. 2020; Jones and others 2021)."],
    ),
    (
        "The law covers theft, which is a crime; fraud, which is a felony; and arson.",
        ["claim: The law covers theft, which is a crime; fraud, which is a felony; and arson."],
    ),
    ("Apple, Google, and Amazon are members.", ["claim: Apple, Google, and Amazon are members."]),
    # Full stops that do not end
    (
        "Version 2.1.3 shipped on Feb. 3. It fixes CVE-2024-1234.",
        ["claim: Version 2.1.3 shipped on Feb. 3.", "claim: It fixes CVE-2024-1234."],
    ),
    (
        "The author J. Smith met President George W. Bush at 5 p.m. on Monday.",
        ["claim: The author J. Smith met President George W. Bush at 5 p.m. on Monday."],
    ),
    (
        "Oranges have vitamin C. Lemons have it as well.",
        ["claim: Oranges have vitamin C.", "claim: Lemons have it as well."],
    ),
    (
        "Built with Node.js and .NET by Acme Inc. and Foo Ltd. in the U.S. market.",
        ["claim: Built with Node.js and .NET by Acme Inc. and Foo Ltd. in the U.S. market."],
    ),
    (
        "Preheat the oven to 250F. Place the tray at 30 °C. Wait.",
        ["claim: Preheat the oven to 250F.", "claim: Place the tray at 30 °C.", "claim: Wait."],
    ),
    ("It is fast.It is also small.", ["claim: It is fast.", "claim: It is also small."]),
    ("It starts at 9 a.m. The doors close at noon.", ["claim: It starts at 9 a.m.", "claim: The doors close at noon."]),
    (
        "It waits... then it stops. Wait!! It works?! Yes.",
        ["claim: It waits... then it stops.", "claim: Wait!!", "question: It works?!", "title: Yes."],
    ),
    ("1. Open the app. 2. Click Save.", ["claim: Open the app.", "claim: Click Save."]),
]

LAYOUT: list[tuple[str, list[str]]] = [
    (
        "Steps:\n\n**Step 1:** Open it.\n**Step 2:** Close it.",
        ["title: Steps:", "claim: **Step 1:** Open it.", "claim: **Step 2:** Close it."],
    ),
    ("- **Speed:**\n  - 5 GB/s\n  - 3 ms", ["title: **Speed:**", "claim: 5 GB/s", "claim: 3 ms"]),
    ("**The limit is 30 days.**\n\nAsk for more.", ["claim: **The limit is 30 days.**", "claim: Ask for more."]),
    ("## What is the limit?\n\nIt is 30 days.", ["title: ## What is the limit?", "claim: It is 30 days."]),
    ("name: Ann\nage: 30\ncity: Rome", ["claim: name: Ann", "claim: age: 30", "claim: city: Rome"]),
    (
        "✅ Fast over the whole wide area network at any time of day\n❌ Not small",
        ["claim: ✅ Fast over the whole wide area network at any time of day", "claim: ❌ Not small"],
    ),
    ("1️⃣ Open it\n2️⃣ Close it", ["claim: Open it", "claim: Close it"]),
    ("• One thing here\n◦ Two things there", ["claim: One thing here", "claim: Two things there"]),
    ("| Plan | Price |\n| --- | ---: |\n| Free | $0 |\n| | |", ["title: | Plan | Price |", "claim: | Free | $0 |"]),
    ("Plan | Price\n--- | ---\nfree | $0\npro | $5", ["title: Plan | Price", "claim: free | $0", "claim: pro | $5"]),
    (
        "The type `a | b | c` is a union. It is checked.",
        ["claim: The type `a | b | c` is a union.", "claim: It is checked."],
    ),
    ("The fee is $5.<br>The limit is 3.", ["claim: The fee is $5.", "claim: <br>The limit is 3."]),
    ("Text first.\r\nSecond line.\rThird line.", ["claim: Text first.", "claim: Second line.", "claim: Third line."]),
    # Code
    (
        "Run this:\n\n$ pip install groundspan\n\nIt takes a minute.",
        ["title: Run this:", "code: $ pip install groundspan", "claim: It takes a minute."],
    ),
    (
        "def twice(x):\n    return x\n\nThe function gives its argument back.",
        ["code: def twice(x):", "claim: return x", "claim: The function gives its argument back."],
    ),
    (
        "import os\nfrom os import path\nprint(path)\nIt prints the module.",
        ["code: import os", "code: from os import path", "code: print(path)", "claim: It prints the module."],
    ),
    ("```sql\nSELECT 1;\n```", ["code: SELECT 1;"]),
    ("~~~\nx = 1\n~~~\nIt is 1.", ["code: x = 1", "claim: It is 1."]),
    ("```python\nprint(1)", ["code: print(1)"]),
    ("Use `os.getcwd()`.", ["claim: Use `os.getcwd()`."]),
    # Citations
    ("It is 6 [1][2]. It is 7 (Source 2).", ["claim: It is 6 [1][2].", "claim: It is 7 (Source 2)."]),
    ("It is 6.【1†source】 It is 7.¹ It is 8.", ["claim: It is 6.【1†source】", "claim: It is 7.¹", "claim: It is 8."]),
    (
        "It is 6.\n\nReferences:\n1. Handbook of Bees, 2020\n2. https://a.example/b",
        [
            "claim: It is 6.",
            "citation: References:",
            "citation: Handbook of Bees, 2020",
            "citation: https://a.example/b",
        ],
    ),
    ("It is 6.[^1]\n\n[^1]: https://a.example/b", ["claim: It is 6.[^1]", "citation: [^1]: https://a.example/b"]),
    ("1[1]. \nUpdate the rules: they are old [2].", ["title: 1[1].", "claim: Update the rules: they are old [2]."]),
    ("[Handbook](https://a.example/b)", ["citation: [Handbook](https://a.example/b)"]),
    ("[Paris]", ["claim: [Paris]"]),
    # JSON
    (
        '{"answer": "30 days", "confidence": 0.9, "sources": ["a.pdf", {"page": 3}], "fee": 5}',
        [
            'claim: "answer": "30 days"',
            'citation: "confidence": 0.9',
            'citation: "a.pdf"',
            'citation: "page": 3',
            'claim: "fee": 5',
        ],
    ),
    (
        "{'limit': 30, 'open': True, 'note': 'it\\'s free'}",
        ["claim: 'limit': 30", "claim: 'open': True", "claim: 'note': 'it\\'s free'"],
    ),
    (
        'Sure! Here is the JSON:\n{"limit": 30,\n "open": true}\nIt is free.',
        [
            "greeting: Sure!",
            "about: Here is the JSON:",
            'claim: "limit": 30',
            'claim: "open": true',
            "claim: It is free.",
        ],
    ),
    ('[{"city": "Rome"}, {"city": "Oslo"}]', ['claim: "city": "Rome"', 'claim: "city": "Oslo"']),
]

LANGUAGES: list[tuple[str, list[str]]] = [
    # German
    (
        "Gerne! Hier ist eine Zusammenfassung:\nSie wurde am 3. Oktober 1990 gegründet. Sie hat ca. 3,5 Mio. Bürger.",
        [
            "greeting: Gerne!",
            "about: Hier ist eine Zusammenfassung:",
            "claim: Sie wurde am 3. Oktober 1990 gegründet.",
            "claim: Sie hat ca. 3,5 Mio. Bürger.",
        ],
    ),
    (
        "Das gilt z. B. für Berlin, d. h. überall. Vgl. Abs. 3 und S. 5.",
        ["claim: Das gilt z. B. für Berlin, d. h. überall.", "claim: Vgl. Abs. 3 und S. 5."],
    ),
    ("Hier ist der Preis: 30 Euro.", ["claim: Hier ist der Preis: 30 Euro."]),
    (
        "Der Kontext enthält keine Informationen zum Preis.",
        ["abstention: Der Kontext enthält keine Informationen zum Preis."],
    ),
    ("Im Kontext wird der Preis nicht erwähnt.", ["abstention: Im Kontext wird der Preis nicht erwähnt."]),
    (
        "Ich kann diese Frage anhand des Kontexts nicht beantworten.",
        ["abstention: Ich kann diese Frage anhand des Kontexts nicht beantworten."],
    ),
    (
        "Leider liegen mir dazu keine Informationen vor.",
        ["abstention: Leider liegen mir dazu keine Informationen vor."],
    ),
    (
        "Das geht aus dem Text nicht hervor, aber der Preis beträgt 30 Euro.",
        ["abstention: Das geht aus dem Text nicht hervor", "claim: der Preis beträgt 30 Euro."],
    ),
    ("Die Maschine enthält keine Batterie.", ["claim: Die Maschine enthält keine Batterie."]),
    ("Ich hoffe, das hilft Ihnen weiter!", ["greeting: Ich hoffe, das hilft Ihnen weiter!"]),
    ("Der Text gibt an, dass es keine Steuer gibt.", ["claim: Der Text gibt an, dass es keine Steuer gibt."]),
    # French
    (
        "Bien sûr ! Voici les étapes :\n1. Ouvrez le menu.\n2. Cliquez.",
        ["greeting: Bien sûr !", "about: Voici les étapes :", "claim: Ouvrez le menu.", "claim: Cliquez."],
    ),
    (
        "Le ministre M. Dupont a signé l'art. 5 le 1er mai. Il est entré en vigueur.",
        ["claim: Le ministre M. Dupont a signé l'art. 5 le 1er mai.", "claim: Il est entré en vigueur."],
    ),
    ("Le contexte ne mentionne pas le prix.", ["abstention: Le contexte ne mentionne pas le prix."]),
    (
        "Désolé, je ne peux pas répondre à cette question.",
        ["abstention: Désolé, je ne peux pas répondre à cette question."],
    ),
    ("Le prix n'est pas mentionné dans le document.", ["abstention: Le prix n'est pas mentionné dans le document."]),
    ("Aucune information sur le prix n'est fournie.", ["abstention: Aucune information sur le prix n'est fournie."]),
    (
        "Quelle est la limite ? Elle est de « 30 jours ».",
        ["question: Quelle est la limite ?", "claim: Elle est de « 30 jours »."],
    ),
    ("La ville n'est pas grande.", ["claim: La ville n'est pas grande."]),
    ("Ce médicament n'est pas indiqué pour les enfants.", ["claim: Ce médicament n'est pas indiqué pour les enfants."]),
    # Spanish
    (
        "¡Claro! Aquí tienes un resumen:\nEl Sr. Pérez vive en EE. UU. desde el 2001. ¿Algo más?",
        [
            "greeting: ¡Claro!",
            "about: Aquí tienes un resumen:",
            "claim: El Sr. Pérez vive en EE. UU. desde el 2001.",
            "question: ¿Algo más?",
        ],
    ),
    ("El texto no dice nada sobre el precio.", ["abstention: El texto no dice nada sobre el precio."]),
    ("No se menciona el precio en el contexto.", ["abstention: No se menciona el precio en el contexto."]),
    (
        "Lo siento, no tengo suficiente información para responder.",
        ["abstention: Lo siento, no tengo suficiente información para responder."],
    ),
    ("La tienda no contiene libros.", ["claim: La tienda no contiene libros."]),
    ("Espero que te sirva.", ["greeting: Espero que te sirva."]),
    # Chinese
    (
        "好的！以下是主要内容：\n1、首都是巴黎。\n2、人口有两百万；面积为一百平方公里。",
        [
            "greeting: 好的！",
            "about: 以下是主要内容：",
            "claim: 首都是巴黎。",
            "claim: 人口有两百万；",
            "claim: 面积为一百平方公里。",
        ],
    ),
    ("根据提供的上下文，无法确定价格。", ["abstention: 根据提供的上下文，无法确定价格。"]),
    (
        "上下文中未提及价格，但是这个工具每月收费三十元。",
        ["abstention: 上下文中未提及价格", "claim: 这个工具每月收费三十元。"],
    ),
    ("很抱歉，我无法回答这个问题。", ["abstention: 很抱歉，我无法回答这个问题。"]),
    ("他说：“我来了。”然后他走了。", ["claim: 他说：“我来了。”", "claim: 然后他走了。"]),
    (
        "（1）价格为3.5元。（2）免费送货。希望对您有帮助！",
        ["claim: 价格为3.5元。", "claim: （2）免费送货。", "greeting: 希望对您有帮助！"],
    ),
    ("答案是什么？答案是巴黎。", ["question: 答案是什么？", "claim: 答案是巴黎。"]),
    ("该产品不包含电池。医生无法确定病因。", ["claim: 该产品不包含电池。", "claim: 医生无法确定病因。"]),
    ("提供的资料中没有相关信息。", ["abstention: 提供的资料中没有相关信息。"]),
    # Japanese, Arabic, Hebrew, Hindi
    ("彼は「行く。」と言った。東京は首都です。", ["claim: 彼は「行く。」と言った。", "claim: 東京は首都です。"]),
    ("文脈には価格の記載がありません。", ["abstention: 文脈には価格の記載がありません。"]),
    ("申し訳ありませんが、わかりません。", ["abstention: 申し訳ありませんが、わかりません。"]),
    ("ここでは喫煙できません。", ["claim: ここでは喫煙できません。"]),
    ("لا أعرف.", ["abstention: لا أعرف."]),
    ("السياق لا يذكر السعر.", ["abstention: السياق لا يذكر السعر."]),
    ("الحد هو ٣٠ يوما. هل تريد المزيد؟", ["claim: الحد هو ٣٠ يوما.", "question: هل تريد المزيد؟"]),
    ("אני לא יודע.", ["abstention: אני לא יודע."]),
    (
        "\u200fהמגבלה היא 30 יום. אין מידע על כך בטקסט.\u200f",
        ["claim: המגבלה היא 30 יום.", "abstention: אין מידע על כך בטקסט."],
    ),
    ("सीमा 30 दिन है। मुझे नहीं पता।", ["claim: सीमा 30 दिन है।", "abstention: मुझे नहीं पता।"]),
    # What is not seen
    ("\ufeffThe limit is 30 days.\u200b It is free.\x00", ["claim: The limit is 30 days.", "claim: It is free."]),
    ("\x1b[1mThe limit is 30 days.\x1b[0m", ["claim: \x1b[1mThe limit is 30 days.\x1b[0m"]),
    ("Hello\u2028The limit is 30 days.", ["greeting: Hello", "claim: The limit is 30 days."]),
    ("\u202eThe limit is 30 days.\u202c", ["claim: The limit is 30 days."]),
    ("👍", []),
    ("", []),
    ("\x00\x01\u200b", []),
]


@pytest.mark.parametrize(("answer", "expected"), ENGLISH + LAYOUT + LANGUAGES)
def test_each_piece_of_an_answer_is_what_a_reader_would_call_it(answer: str, expected: list[str]) -> None:
    """Claims, and what is left out as what; marks such as bullets are not listed."""
    found = [f"{part.kind}: {answer[part.start : part.end]}" for part in parts(answer) if part.kind != "mark"]

    assert found == expected


@pytest.mark.parametrize(("answer", "expected"), ENGLISH + LAYOUT + LANGUAGES)
def test_each_answer_gets_the_status_of_its_pieces(answer: str, expected: list[str]) -> None:
    """Claims are judged; an answer without any abstains if it says so, else it has no claims."""
    kinds = {piece.partition(":")[0] for piece in expected}
    statuses = {"judged", "unjudged"} if "claim" in kinds else {"abstained"} if "abstention" in kinds else {"no_claims"}

    assert judge_answer("What is the limit?", ["The limit is 30 days."], answer, JUDGE).status in statuses


def test_two_hundred_list_items_are_two_hundred_claims() -> None:
    """Long answers are not cut short."""
    answer = "Here are the facts:\n" + "".join(
        f"{number}. Item {number} costs {number} dollars.\n" for number in range(200)
    )

    assert [claim.text for claim in split(answer).claims] == [f"Item {n} costs {n} dollars." for n in range(200)]
