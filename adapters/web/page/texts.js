// The page's own words. What the server says comes in the same language: it goes by Accept-Language.

const TEXTS = {
  channels: ["Channels", "频道"],
  newChannel: ["New channel", "新建频道"],
  channelName: ["Name of the channel", "频道名称"],
  conversation: ["Conversation", "对话"],
  message: ["Message", "消息"],
  writeTo: ["Message #{title}", "发消息到 #{title}"],
  send: ["Send", "发送"],
  stop: ["Stop", "停止"],
  stopTip: ["Stop (Esc)", "停止（Esc）"],
  keys: [
    "Enter sends · Shift+Enter breaks the line · / for commands",
    "Enter 发送 · Shift+Enter 换行 · 输入 / 使用命令",
  ],
  latest: ["Latest", "回到最新"],
  waiting: ["Waiting for the answer.", "正在等待回答。"],
  modelTip: ["Change the model", "切换模型"],
  choices: ["Suggestions", "建议"],
  you: ["You:", "你："],
  youWaiting: ["You (waiting behind others):", "你（排队中）："],
  answer: ["Answer:", "回答："],
  copy: ["Copy", "复制"],
  copied: ["Copied", "已复制"],
  copyAnswer: ["Copy the answer", "复制回答"],
  copyCode: ["Copy the code", "复制代码"],
  reconnecting: ["reconnecting…", "正在重新连接……"],
  unreachable: [
    "The program cannot be reached. Your text is kept; try again.",
    "无法连接到程序。内容已保留，请重试。",
  ],
  failed: ["That did not work. Please try again.", "操作失败，请重试。"],
  notYet: ["Nothing is being written yet.", "当前没有正在生成的回答。"],
  welcome: ["What shall we look at?", "今天想聊点什么？"],
  welcomeHint: [
    "Each channel is a conversation of its own. Ask anything; the answer appears while it is written.",
    "每个频道是一段独立的对话。随便问，回答会边写边显示。",
  ],
};

const SUGGESTIONS = [
  ["Explain this error: ", "解释这个报错："],
  ["Review this function for me:\n\n", "帮我看看这个函数：\n\n"],
  ["/model ", "/model "],
];

const chinese = navigator.language.toLowerCase().startsWith("zh");
const column = chinese ? 1 : 0;

export function say(name, values = {}) {
  return TEXTS[name][column].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export const suggestions = SUGGESTIONS.map((each) => each[column]);

// Puts the words into the page's HTML, once.
export function translate(root) {
  root.documentElement.lang = chinese ? "zh-CN" : "en";
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const element of root.querySelectorAll("[data-tip]")) element.title = say(element.dataset.tip);
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}

// The time of day a message was written.
const clock = new Intl.DateTimeFormat(navigator.language, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" });

export function when(ms) {
  const then = new Date(ms);
  return (then.toDateString() === new Date().toDateString() ? clock : calendar).format(then);
}
