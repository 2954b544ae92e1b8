"""What Chinese speakers call the commands: understood wherever a command is written as text, and listed in the docs."""

from collections.abc import Mapping

ALIASES: Mapping[str, str] = {
    "提问": "ask",
    "模型": "model",
    "指令": "system",
    "设置": "settings",
    "停止": "stop",
    "重答": "regenerate",
    "对比": "compare",
    "反馈": "feedback",
    "重置": "reset",
    "思考": "thinking",
    "用量": "usage",
    "导出": "export",
    "忘记": "forget",
    "帮助": "help",
}
"""Short ones, each for one command: a platform's own slash commands have the English names alone."""
