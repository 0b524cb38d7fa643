"""What bench/tokens.py counts: in every language a text of every day, one of a textbook, and one of a chat."""

EVERYDAY = {
    "English": (
        "If the parcel has not arrived after ten working days, please contact our "
        "support team with your order number. "
        "We will ask the carrier where it is, and send a replacement free of charge when it cannot be found. Refunds "
        "are paid to the original payment method and usually appear on your "
        "statement within five days, although some "
        "banks need a little longer. Returned goods must be unused and in their original packaging."
    ),
    "German": (
        "Falls das Paket nach zehn Werktagen noch nicht angekommen ist, wenden Sie "
        "sich bitte mit Ihrer Bestellnummer "
        "an unseren Kundendienst. Wir fragen beim Versandunternehmen nach und schicken Ihnen kostenlos Ersatz, wenn "
        "die Sendung nicht gefunden wird. Rückerstattungen erfolgen über die "
        "ursprüngliche Zahlungsart und erscheinen "
        "meist innerhalb von fünf Tagen auf Ihrem Kontoauszug. Zurückgeschickte Ware muss unbenutzt sein."
    ),
    "French": (
        "Si le colis n'est pas arrivé après dix jours ouvrables, veuillez contacter "
        "notre service client en indiquant "
        "votre numéro de commande. Nous demanderons au transporteur où il se trouve "
        "et vous enverrons gratuitement un "
        "article de remplacement s'il reste introuvable. Les remboursements sont effectués par le moyen de paiement "
        "d'origine et apparaissent généralement sur votre relevé dans les cinq jours."
    ),
    "Russian": (
        "Если посылка не пришла через десять рабочих дней, обратитесь в службу поддержки и назовите номер заказа. Мы "
        "узнаем у перевозчика, где она находится, и бесплатно отправим замену, если найти её не удастся. Деньги "
        "возвращаются тем же способом, которым был оплачен заказ, и обычно видны в выписке в течение пяти дней. "
        "Возвращённый товар должен быть новым и в заводской упаковке."
    ),
    "Chinese": (
        "如果包裹在十个工作日后仍未送达，请提供订单号并联系我们的客服团队。我们会向承运商查询包裹的位置，如果无法找到，将免费为您补发一件。"
        "退款会按照原来的付款方式退回，通常五天之内会显示在您的账单上，不过有些银行需要更长的时间。退回的商品必须未经使用，"
        "并保持原有包装完好。如需更换尺码，请在收到商品后的两周内提出申请，运费由我们承担。"
    ),
    "Japanese": (
        "十営業日を過ぎても荷物が届かない場合は、注文番号を添えてサポートまでご連絡ください。運送会社に所在を確認し、"
        "見つからないときは無料で代わりの品をお送りします。返金は元のお支払い方法で行われ、通常は五日以内に明細書へ反映されますが、"
        "銀行によってはもう少し時間がかかることがあります。返品する商品は未使用で、元の箱に入っている必要があります。"
    ),
    "Arabic": (
        "إذا لم يصل الطرد بعد عشرة أيام عمل، يرجى الاتصال بفريق الدعم مع ذكر رقم "
        "الطلب. سنسأل شركة الشحن عن مكانه ونرسل "
        "لكم بديلا مجانا إذا لم يتم العثور عليه. تعاد المبالغ بطريقة الدفع الأصلية وتظهر "
        "عادة في كشف الحساب خلال خمسة أيام، "
        "مع أن بعض البنوك تحتاج إلى وقت أطول قليلا. يجب أن تكون البضاعة المرتجعة غير مستعملة وفي عبوتها الأصلية."
    ),
    "Hindi": (
        "यदि दस कार्य दिवसों के बाद भी पार्सल नहीं पहुँचा है, तो कृपया अपने ऑर्डर नंबर के "
        "साथ हमारी सहायता टीम से संपर्क करें। हम "
        "परिवहन कंपनी से पूछेंगे कि वह कहाँ है, और न मिलने पर बिना शुल्क दूसरा सामान भेजेंगे। "
        "पैसा उसी तरीके से लौटाया जाता है जिससे "
        "भुगतान किया गया था और आम तौर पर पाँच दिनों में आपके खाते में दिखाई देता है। लौटाया गया सामान अप्रयुक्त होना चाहिए।"
    ),
    "code": (
        "def refund(order: Order, today: date) -> Decimal:\n"
        '    """Return what is paid back for *order*."""\n'
        "    if order.returned_on is None:\n"
        "        return Decimal(0)\n"
        "    days = (today - order.delivered_on).days\n"
        "    for limit, share in sorted(POLICY.items()):\n"
        "        if days <= limit:\n"
        "            total = sum(item.price * item.count for item in order.items)\n"
        '            return (total * share).quantize(Decimal("0.01"))\n'
        '    logger.info("order %s came back after %d days", order.id, days)\n'
        "    return Decimal(0)\n"
    ),
    "JSON": (
        '{"order":{"id":"A-20417","placed_at":"2026-03-14T09:26:53Z","currency":"EUR","items":[{"sku":"TS-0042-M",'
        '"name":"T-shirt","count":2,"unit_price":19.9},{"sku":"MUG-7","name":"Mug, blue","count":1,"unit_price":8.5}],'
        '"shipping":{"carrier":"DHL","tracking":"00340434161094021501","address":{"city":"Graz","zip":"8010",'
        '"country":"AT"}},"paid":true,"coupon":null,"total":48.3}}'
    ),
}

TEXTBOOK = {
    "English": (
        "Photosynthesis turns light into chemical energy. Chlorophyll in the leaves absorbs "
        "mostly red and blue light, "
        "which is why plants look green to us. Water taken up by the roots "
        "is split, oxygen escapes through tiny pores, "
        "and the hydrogen is used to build sugar from carbon dioxide. At night "
        "the process stops, but respiration goes "
        "on, so a plant consumes part of what it made during the day."
    ),
    "German": (
        "Bei der Photosynthese wird Licht in chemische Energie umgewandelt. Das Blattgrün nimmt vor allem rotes und "
        "blaues Licht auf, deshalb erscheinen uns Pflanzen grün. Wasser aus den "
        "Wurzeln wird gespalten, der Sauerstoff "
        "entweicht durch winzige Spaltöffnungen, und aus Kohlendioxid entsteht Zucker. Nachts "
        "ruht dieser Vorgang, die "
        "Atmung aber läuft weiter, sodass die Pflanze einen Teil ihrer Vorräte verbraucht."
    ),
    "French": (
        "La photosynthèse transforme la lumière en énergie chimique. La chlorophylle des feuilles absorbe surtout le "
        "rouge et le bleu, c'est pourquoi les plantes nous paraissent vertes. L'eau puisée par les racines est "
        "décomposée, l'oxygène s'échappe par de minuscules pores, et le gaz carbonique sert à fabriquer du sucre. La "
        "nuit, ce processus s'arrête, mais la respiration continue."
    ),
    "Russian": (
        "При фотосинтезе свет превращается в химическую энергию. Хлорофилл в листьях поглощает в основном красные и "
        "синие лучи, поэтому растения кажутся нам зелёными. Вода, которую поднимают корни, расщепляется, кислород "
        "выходит через крошечные устьица, а из углекислого газа строится сахар. Ночью этот процесс прекращается, но "
        "дыхание продолжается."
    ),
    "Chinese": (
        "光合作用把光能转化为化学能。叶片中的叶绿素主要吸收红光和蓝光，所以植物在我们看来是绿色的。根部吸收的水被分解，氧气从微小的气孔中排出，"
        "而二氧化碳则被用来合成糖。到了夜晚，这一过程停止，但呼吸作用仍在继续，因此植物会消耗白天制造的一部分养分。"
        "温度过高或者缺水的时候，气孔会关闭，生长也会变慢。"
    ),
    "Japanese": (
        "光合成は光を化学エネルギーに変える働きです。葉にある葉緑素は主に赤と青の光を吸収するため、植物は緑色に見えます。"
        "根から吸い上げた水は分解され、酸素は小さな気孔から外へ出ていき、二酸化炭素は糖を作るために使われます。"
        "夜になるとこの働きは止まりますが、呼吸は続くので、植物は昼間に作ったものの一部を使います。"
    ),
    "Arabic": (
        "تحول عملية البناء الضوئي الضوء إلى طاقة كيميائية. يمتص اليخضور في الأوراق "
        "الضوء الأحمر والأزرق خصوصا، ولذلك تبدو "
        "النباتات خضراء. ينقسم الماء الذي تمتصه الجذور، ويخرج الأكسجين من مسام صغيرة، "
        "ويستعمل ثاني أكسيد الكربون لصنع "
        "السكر. تتوقف هذه العملية في الليل، لكن التنفس يستمر، فيستهلك النبات جزءا مما صنعه في النهار."
    ),
    "Hindi": (
        "प्रकाश संश्लेषण में प्रकाश रासायनिक ऊर्जा में बदल जाता है। पत्तियों का हरा रंग मुख्य रूप "
        "से लाल और नीला प्रकाश सोख लेता है, "
        "इसलिए पौधे हमें हरे दिखाई देते हैं। जड़ों से आया पानी टूट जाता है, ऑक्सीजन छोटे "
        "छिद्रों से बाहर निकलती है, और कार्बन "
        "डाइऑक्साइड से शर्करा बनती है। रात में यह क्रिया रुक जाती है, पर श्वसन चलता रहता है।"
    ),
    "code": (
        "export async function loadChunks(path: string, limit = 512): Promise<Chunk[]> {\n"
        "  const text = await fs.readFile(path, 'utf-8');\n"
        "  const chunks: Chunk[] = [];\n"
        "  let start = 0;\n"
        "  while (start < text.length) {\n"
        "    const end = Math.min(start + limit, text.length);\n"
        "    chunks.push({ id: `${path}#${chunks.length}`, text: text.slice(start, end) });\n"
        "    start = end;\n"
        "  }\n"
        "  return chunks.filter((chunk) => chunk.text.trim() !== '');\n"
        "}\n"
    ),
    "JSON": (
        '[{"id": "doc-17", "score": 0.8312, "content": "Leaves take up light.", "metadata": {"source": "biology.md", '
        '"page": 12, "tags": ["plants", "energy"], "updated": "2025-11-02"}}, {"id": "doc-42", "score": 0.7749, '
        '"content": "Roots take up water.", "metadata": {"source": "biology.md", "page": 14, "tags": [], "updated": '
        '"2025-10-30"}}, {"id": "doc-3", "score": 0.5021, "content": null, "metadata": {}}]'
    ),
}

UNSEEN = {
    "English": (
        "Hi! My laptop won't start since yesterday's update. The fan spins for a moment, "
        "then the screen stays black. I "
        "already tried another charger and held the power button for thirty seconds. Is there anything else I can do "
        "before I bring it in? I really need the files for a meeting on Monday."
    ),
    "German": (
        "Hallo, mein Laptop startet seit dem Update von gestern nicht mehr. Der Lüfter "
        "dreht sich kurz, dann bleibt der "
        "Bildschirm schwarz. Ich habe schon ein anderes Netzteil probiert und "
        "die Einschalttaste dreißig Sekunden lang "
        "gedrückt. Kann ich noch etwas tun, bevor ich ihn vorbeibringe?"
    ),
    "French": (
        "Bonjour, mon ordinateur portable ne démarre plus depuis la mise à jour d'hier. Le ventilateur tourne un "
        "instant, puis l'écran reste noir. J'ai déjà essayé un autre chargeur et maintenu le bouton pendant trente "
        "secondes. Puis-je faire autre chose avant de vous l'apporter ?"
    ),
    "Russian": (
        "Здравствуйте! После вчерашнего обновления мой ноутбук не включается. Вентилятор "
        "крутится секунду, потом экран "
        "остаётся чёрным. Я уже пробовал другую зарядку и держал кнопку тридцать секунд. Можно ли сделать что-нибудь "
        "ещё, прежде чем нести его к вам?"
    ),
    "Chinese": (
        "你好，我的笔记本电脑从昨天更新以后就无法启动了。风扇转一下，然后屏幕一直是黑的。我已经换过充电器，也按住电源键三十秒。"
        "在送去维修之前，我还能做些什么吗？星期一开会要用里面的文件，非常着急。"
    ),
    "Japanese": (
        "こんにちは。昨日の更新のあと、ノートパソコンが起動しなくなりました。ファンが少し回ってから、画面が黒いままです。"
        "別の充電器も試し、電源ボタンを三十秒押し続けました。持ち込む前に、ほかにできることはありますか。"
    ),
    "Arabic": (
        "مرحبا، حاسوبي المحمول لا يعمل منذ تحديث الأمس. تدور المروحة قليلا ثم تبقى "
        "الشاشة سوداء. جربت شاحنا آخر وضغطت "
        "على زر التشغيل ثلاثين ثانية. هل يمكنني فعل شيء آخر قبل أن أحضره إليكم؟ أحتاج إلى ملفاتي يوم الاثنين."
    ),
    "Hindi": (
        "नमस्ते, कल के अपडेट के बाद से मेरा लैपटॉप चालू नहीं हो रहा है। पंखा थोड़ी देर घूमता है, "
        "फिर स्क्रीन काली रहती है। मैंने दूसरा चार्जर लगाकर "
        "देखा और तीस सेकंड तक बटन दबाए रखा। क्या मैं लाने से पहले कुछ और कर सकता हूँ?"
    ),
    "code": (
        "SELECT model, count() AS calls, sum(input_tokens) AS input_tokens, round(sum(cost_usd), 4) AS cost_usd\n"
        "FROM model_calls\n"
        "WHERE root_start >= now() - INTERVAL 7 DAY AND project = 'support'\n"
        "GROUP BY model\n"
        "HAVING calls > 10\n"
        "ORDER BY cost_usd DESC\n"
        "LIMIT 20;\n"
    ),
    "JSON": (
        '{\n  "name": "support-bot",\n  "version": "2.3.1",\n  "private": true,\n  "scripts": {\n'
        '    "build": "tsc --project tsconfig.json",\n    "test": "vitest run"\n  },\n  "dependencies": {\n'
        '    "express": "^4.21.2",\n    "zod": "^3.24.1"\n  }\n}'
    ),
}
