"""What Discord answers when it refuses a request."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

Payload = dict[str, Any]


class Refusal(Exception):
    """An HTTP status with Discord's own JSON error code."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Payload = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def http_refusal(status: HTTPStatus) -> Refusal:
    """Discord: errors below the API's own logic carry code 0 and the status line."""
    return Refusal(status, 0, f"{status.value}: {status.phrase}")


def form_error(path: Sequence[str | int], code: str, message: str) -> Refusal:
    """Discord: 50035 carries a tree of the refused fields; list indices are keys."""
    tree: Payload = {"_errors": [{"code": code, "message": message}]}
    for step in reversed(path):
        tree = {str(step): tree}
    return Refusal(HTTPStatus.BAD_REQUEST, 50035, "Invalid Form Body", tree)


def too_long(path: Sequence[str | int], limit: int) -> Refusal:
    return form_error(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")


def bad_length(path: Sequence[str | int], low: int, high: int) -> Refusal:
    return form_error(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")


def required(path: Sequence[str | int]) -> Refusal:
    return form_error(path, "BASE_TYPE_REQUIRED", "This field is required")


def unknown_channel() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10003, "Unknown Channel")


def unknown_guild() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10004, "Unknown Guild")


def unknown_message() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10008, "Unknown Message")


def unknown_member() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10007, "Unknown Member")


def unknown_user() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10013, "Unknown User")


def unknown_webhook() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10015, "Unknown Webhook")


def unknown_interaction() -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, 10062, "Unknown interaction")


def missing_access() -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, 50001, "Missing Access")


def dms_closed() -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, 50007, "Cannot send messages to this user")


def empty_message() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, 50006, "Cannot send an empty message")


def missing_permissions() -> Refusal:
    return Refusal(HTTPStatus.FORBIDDEN, 50013, "Missing Permissions")


def invalid_webhook_token() -> Refusal:
    """Discord: an interaction's token is good for 15 minutes; the status of this answer is not documented."""
    return Refusal(HTTPStatus.UNAUTHORIZED, 50027, "Invalid Webhook Token")
