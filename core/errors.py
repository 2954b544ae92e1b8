"""What can go wrong, as one tree. Each class carries the one sentence that a person is shown.

ChatError
├── QuestionTooLong        the question alone does not fit the model's window
├── CommandRefused         a command that cannot be run as it was given: core.wrong
├── CannotSee              pictures for a model that sees none
├── FileLeftOut            a file that came with a message could not be had
│   ├── FileTooLarge       it is larger than is read
│   ├── FileForbidden      the platform does not let the bot read it
│   ├── FileUnusable       it is neither a picture nor a text that can be read
│   ├── FileEmpty
│   ├── PictureUnusable    it is broken, or far too large once it is opened
│   └── FileBeyond         more came than one question may have
├── ModelError             d.run could not answer
│   ├── ModelUnavailable   unreachable, overloaded, broken: retried before the first word
│   │   └── NotServed      3xx, or a 404 that speaks of no model: nothing answers at this address
│   ├── ModelBusy          429: retried before the first word, later than the rest
│   ├── ModelUnknown       404: no such model for this key
│   ├── AccessRefused      401 and 402 that are not d.run's own
│   ├── ModelRefused       403 and every 4xx that asking again cannot help
│   │   ├── KeyRefused     401
│   │   └── PicturesRefused    400: more pictures than the model takes, or any
│   ├── NoBalance          402: the account is out of money
│   ├── WindowExceeded     400: more tokens than the model's window; carries the limit when it is named
│   └── ReplyCut           the stream ended without a finish reason
├── SurfaceError           the platform did not show what we wrote
│   ├── SurfaceBusy        429: to be written again after a pause
│   ├── SurfaceGone        the message, the channel or the permission is gone: nothing more can be shown
│   └── SurfaceFailed      anything else: worth another try
├── StoreUnavailable       Redis does not answer
└── PlatformRefused        a platform does not let the bot in; ``str(error)`` is a sentence for the operator
    └── PlatformUnreachable    it did not say so, it could not be asked: worth another try
"""

from math import ceil

from core.texts import Language, Text


class ChatError(Exception):
    """Root of everything that ends in a notice. ``str(error)`` is for the log, ``notice`` for people."""

    text = Text("Something went wrong on my side.", "我这边出了点问题。")

    def __init__(self, detail: str = "", **values: object) -> None:
        super().__init__(detail or type(self).__name__)
        self._values = values

    def notice(self, language: Language) -> str:
        return self.text.say(language, **self._values)


class QuestionTooLong(ChatError):
    """Values: ``size`` and ``limit``, both in estimated tokens."""

    text = Text(
        "Your message is too long for this model: about {size} tokens, and {limit} fit.",
        "消息太长：约 {size} 个 token，而该模型最多容纳 {limit} 个。",
    )


class CannotSee(ChatError):
    """Values: ``model``, and ``able``: the names of those that see, as Markdown; empty when there is none."""

    text = Text(
        "`{model}` cannot see pictures. These models can: {able}.",
        "`{model}` 看不了图片。可以看图的模型：{able}。",
    )
    alone = Text(
        "`{model}` cannot see pictures, and no model that can is offered here.",
        "`{model}` 看不了图片，这里也没有可以看图的模型。",
    )

    def __init__(self, *, model: str, able: str) -> None:
        super().__init__(f"pictures for {model}", model=model, able=able)
        if not able:
            self.text = self.alone


class FileLeftOut(ChatError):
    """Value: ``name``."""

    text = Text(
        "`{name}` was left out: it could not be read. Please send it again.",
        "未使用 `{name}`：文件读取失败，请重新发送。",
    )


class FileTooLarge(FileLeftOut):
    """Values: ``name``, and ``limit`` in megabytes."""

    text = Text(
        "`{name}` was left out: it is larger than {limit} MB.", "未使用 `{name}`：文件超过 {limit} MB。"
    )


class FileForbidden(FileLeftOut):
    """Value: ``name``."""

    text = Text(
        "`{name}` was left out: I am not allowed to read files here. The operator of this bot has to allow it.",
        "未使用 `{name}`：我没有读取文件的权限，请联系本机器人的管理员开通。",
    )


class FileUnusable(FileLeftOut):
    """Value: ``name``."""

    text = Text(
        "`{name}` was left out: it is neither a text nor a picture (PNG, JPEG, GIF or WebP).",
        "未使用 `{name}`：它既不是文本，也不是图片（PNG、JPEG、GIF 或 WebP）。",
    )


class FileEmpty(FileLeftOut):
    """Value: ``name``."""

    text = Text("`{name}` was left out: it is empty.", "未使用 `{name}`：文件是空的。")


class PictureUnusable(FileLeftOut):
    """Value: ``name``."""

    text = Text(
        "`{name}` was left out: the picture is broken, or has too many pixels.",
        "未使用 `{name}`：图片已损坏，或像素过多。",
    )


class FileBeyond(FileLeftOut):
    """Values: ``name``, and what is used of one question: ``most`` files, ``pictures`` of them pictures."""

    text = Text(
        "`{name}` was left out: of one question {most} files are used, {pictures} pictures among them.",
        "未使用 `{name}`：一个问题最多使用 {most} 个文件，其中图片最多 {pictures} 张。",
    )


class ModelError(ChatError):
    retryable = False


class ModelUnavailable(ModelError):
    retryable = True
    text = Text(
        "The model cannot be reached right now. Please try again.", "暂时无法连接到模型，请稍后再试。"
    )


class NotServed(ModelUnavailable):
    retryable = False


class ModelBusy(ModelError):
    """``retry_after`` is in seconds; None when the server did not say (d.run's gateway never does)."""

    retryable = True
    text = Text("The model is busy right now. Please try again in a minute.", "模型正忙，请一分钟后再试。")
    later = Text(
        "The model is busy, and takes no questions for {minutes} minutes. Please try again then.",
        "模型正忙，{minutes} 分钟内不再接受提问，请届时再试。",
    )

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        minutes = ceil((retry_after or 0.0) / 60)
        super().__init__(detail, minutes=minutes)
        self.retry_after = retry_after
        if minutes > 1:
            self.text = self.later


class ModelUnknown(ModelError):
    """Value: ``model``."""

    text = Text(
        "The model `{model}` does not exist here, or the key may not use it.",
        "模型 `{model}` 不存在，或当前密钥无权使用。",
    )


class ModelRefused(ModelError):
    text = Text(
        "The provider refused this request. Another wording or another model may help.",
        "服务商拒绝了这个请求。请换个说法，或换一个模型试试。",
    )


class KeyRefused(ModelRefused):
    text = Text(
        "The d.run API key was refused. The operator of this bot has to check it.",
        "d.run API 密钥被拒绝，请联系本机器人的管理员检查。",
    )


class AccessRefused(ModelError):
    text = Text(
        "The model's provider refuses access to it. The operator of this bot has to find out why; "
        "another model may help.",
        "模型的服务商拒绝访问，请联系本机器人的管理员检查；也可以换一个模型试试。",
    )


class PicturesRefused(ModelRefused):
    """``most`` pictures are taken in one request; 0: the model sees none."""

    text = Text("The model does not take these pictures.", "该模型不接受这些图片。")

    def __init__(self, detail: str = "", *, most: int = 0) -> None:
        super().__init__(detail)
        self.most = most


class NoBalance(ModelError):
    text = Text(
        "The d.run account has no balance left. The operator of this bot has to top it up.",
        "d.run 账户余额不足，请联系本机器人的管理员充值。",
    )


class WindowExceeded(ModelError):
    """``limit`` is the model's window in tokens, None when the server did not name it."""

    text = Text("The conversation is too long for this model.", "对话内容超出了该模型的上下文长度。")

    def __init__(self, detail: str = "", *, limit: int | None = None) -> None:
        super().__init__(detail)
        self.limit = limit


class ReplyCut(ModelError):
    retryable = True
    text = Text(
        "The answer was cut off on the way from the model. What is above is incomplete.",
        "回答在传输途中中断，以上内容不完整。",
    )


class SurfaceError(ChatError):
    pass


class SurfaceBusy(SurfaceError):
    def __init__(self, detail: str = "", *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SurfaceGone(SurfaceError):
    pass


class SurfaceFailed(SurfaceError):
    pass


class StoreUnavailable(ChatError):
    text = Text(
        "My memory (Redis) cannot be reached right now. Please try again.",
        "暂时无法访问存储（Redis），请稍后再试。",
    )


class PlatformRefused(ChatError):
    pass


class PlatformUnreachable(PlatformRefused):
    pass
