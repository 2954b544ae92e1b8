import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.drun.endpoints import Deployment, Endpoint, normalised, of_form

MAAS = Endpoint(Deployment.MAAS, "https://chat.d.run/v1", "sk-a")
SERVICE = Endpoint(Deployment.SERVICE, "https://sh-02.d.run/v1", "sk-b")
OTHER_SERVICE = Endpoint(Deployment.SERVICE, "https://sh-07.d.run/v1", "sk-b")
DEMO = Endpoint(Deployment.DEMO, "http://127.0.0.1:1/v1", "demo")


@pytest.mark.parametrize(
    "pasted",
    [
        "chat.d.run",
        "chat.d.run/",
        "chat.d.run/v1",
        "https://chat.d.run",
        "https://chat.d.run/",
        "https://chat.d.run//",
        "https://chat.d.run/v1",
        "https://chat.d.run/v1/",
        "https://chat.d.run//v1",
        "https://chat.d.run/v1//",
        "https://chat.d.run/v1/chat/completions",
        "https://chat.d.run/v1/chat/completions/",
        "https://chat.d.run/chat/completions",
        "https://chat.d.run/v1/completions",
        "https://chat.d.run/v1/models",
        "https://chat.d.run/v1?region=sh-02#keys",
        "https://chat.d.run/v1/v1",
        "  https://chat.d.run/v1\n",
        "HTTPS://chat.d.run/v1",
    ],
)
def test_whatever_is_pasted_becomes_the_base_url(pasted: str) -> None:
    assert normalised(pasted) == "https://chat.d.run/v1"


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("localhost:8080", "https://localhost:8080/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://models.example.com/hydra/v1/", "https://models.example.com/hydra/v1"),
        ("https://models.example.com/hydra", "https://models.example.com/hydra/v1"),
    ],
)
def test_a_private_installation_keeps_its_own_address(pasted: str, expected: str) -> None:
    assert normalised(pasted) == expected


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        " ",
        "/",
        "/v1",
        "https://",
        "https:///v1",
        "https:/chat.d.run",
        "https//chat.d.run",
        "https:chat.d.run",
        "ftp://chat.d.run",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "my key",
        "https://chat d.run",
        "https://chat.d.run:port",
        "https://chat.d.run:99999",
        "https://[::1",
        "https://<region>.d.run/v1",
        "<region>-02.d.run",
        "https://{region}.d.run",
    ],
)
def test_nonsense_is_refused_with_a_sentence(nonsense: str) -> None:
    with pytest.raises(ValueError, match=r"is not a web address such as https://chat\.d\.run/v1"):
        normalised(nonsense)


@pytest.mark.parametrize(
    "pasted", ["https://me:word@chat.d.run/v1", "me:word@chat.d.run", "mailto:me@chat.d.run"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(pasted: str) -> None:
    with pytest.raises(ValueError, match="no user and no password") as caught:
        normalised(pasted)
    assert "word@" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"(https?:/{0,3})?[a-z.:@/\[\]v1-9]{0,30}", fullmatch=True))
def test_a_base_url_stays_as_it_is(pasted: str) -> None:
    try:
        once = normalised(pasted)
    except ValueError:
        return
    assert normalised(once) == once
    assert once.endswith("/v1")
    assert "//" not in once.partition("://")[2]


def test_a_key_is_not_shown_with_its_endpoint() -> None:
    assert "sk-a" not in repr(MAAS)


def test_an_endpoint_is_called_by_its_host() -> None:
    assert DEMO.host == "127.0.0.1:1"


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("public/deepseek-v3", [MAAS]),
        ("u-1100a15812cc/qwen2", [SERVICE, OTHER_SERVICE]),
        ("demo/smollm2-135m", [DEMO]),
        ("deepseek-v3", [MAAS]),
        ("user/x", [MAAS]),
    ],
)
def test_a_model_belongs_to_an_endpoint_by_the_form_of_its_id(model: str, expected: list[Endpoint]) -> None:
    assert of_form(model, [MAAS, SERVICE, OTHER_SERVICE, DEMO]) == expected


def test_a_model_of_a_kind_that_is_not_set_up_belongs_nowhere() -> None:
    assert of_form("u-1100a15812cc/qwen2", [MAAS, DEMO]) == []
