"""Where the operator has to go when a model cannot be reached: beyond the sentence that people are shown."""

from bots.logs import redacted
from core.drun.endpoints import Deployment, Endpoint
from core.errors import KeyRefused, ModelError, NoBalance
from core.texts import Language, Text

_KEY = Text(
    "see https://console.d.run, API Key 管理: a deleted key stops working at once; set {variable}",
    "请到 https://console.d.run 的 API Key 管理页查看：密钥一经删除立即失效；请设置 {variable}",
)
_WALLET = Text(
    "top up the wallet at https://console.d.run; a Model Service is paid from it too",
    "请到 https://console.d.run 为钱包充值；模型服务也从钱包扣费",
)


def advice(error: ModelError, endpoint: Endpoint | None, language: Language) -> str:
    """One line for the operator, without secrets; empty: nothing more is known.

    A key and a wallet are looked after in the console. Of all else the reason itself tells where to look: a certificate,
    a host that nobody knows, a page in the place of an answer.
    """
    if isinstance(error, NoBalance):
        return _WALLET.say(language)
    if isinstance(error, KeyRefused):
        of_service = endpoint is not None and endpoint.deployment is Deployment.SERVICE
        variable = "DRUN_API_KEY or DRUN_SERVICE_API_KEY" if of_service else "DRUN_API_KEY"
        return _KEY.say(language, variable=variable)
    # httpx tells of a time-out by its class alone: "ConnectTimeout: ".
    return redacted(str(error)).rstrip(": ")
