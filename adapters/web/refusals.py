from core.texts import Text


class Refusal(Exception):
    """A request that is not served; ``text`` says why to whoever sent it."""

    def __init__(self, status: int, text: Text) -> None:
        super().__init__(text.en)
        self.status = status
        self.text = text


NOT_JSON = Text("The request is not the JSON that is expected here.", "请求不是此处所需的 JSON。")
NO_TEXT = Text("There is nothing to send: the message is empty.", "消息为空，没有可发送的内容。")
TEXT_TOO_LONG = Text(
    "The message is too long: at most {most} characters fit.", "消息太长：最多 {most} 个字符。"
)
BODY_TOO_LARGE = Text(
    "The message is too large: at most 256 kB can be sent at once.", "消息太大：一次最多发送 256 kB。"
)
NO_TITLE = Text(
    "A channel needs a name of 1 to {most} characters.", "频道需要一个名称，长度为 1 到 {most} 个字符。"
)
NO_CHANNEL = Text("There is no such channel.", "没有这个频道。")
NOTHING_HERE = Text("There is nothing at this address.", "此地址没有内容。")
WRONG_METHOD = Text("This address cannot be used in this way.", "此地址不支持这种请求方式。")
WRONG_HOST = Text(
    "This page answers only at a local address such as http://127.0.0.1.",
    "本页面只通过本机地址访问，例如 http://127.0.0.1。",
)
WRONG_ORIGIN = Text("Another site may not use this page.", "不允许其他网站使用本页面。")
NOT_THE_PAGE = Text(
    "Only the page itself may send this request: as JSON, and with its own origin.",
    "只有本页面可以发送该请求：须为 JSON，并带有自己的来源。",
)
SIGN_IN_FIRST = Text("Please sign in first.", "请先登录。")
WRONG_TOKEN = Text("This is not the token.", "令牌不正确。")
TOO_MANY_PAGES = Text(
    "Too many pages are open at once. Close one and try again.", "同时打开的页面过多，请关闭一些后再试。"
)
