import type { Language } from './language.ts'
import { translated } from './language.ts'

/** What to do about each code with which the platform refuses something (docs/TOPICS.md). */
const REFUSALS = translated(
  {
    'bad-request': '平台看不懂这个请求。刷新页面再试；还不行就升级平台。',
    'host-refused': '这个地址不能打开平台。用本机地址打开。',
    'origin-refused': '这个页面不能改平台的数据。从平台自己的页面操作。',
    'not-found': '已经没有了，可能刚被别人改过。刷新页面再看。',
    'version-conflict': '别人刚改过。读一遍新的，再改一次。',
    'lane-has-rules': '下面的通道还有自己的判定规则，不能删。撤销删除，或请工程师先去掉那些规则。',
    'seen-full': '看过的人太多，不再记名字。',
    'too-large': '太大了，没有收下。换小一点的。',
    'not-an-image': '这不是图片，没有收下。换一张 PNG、JPEG 或 WebP。',
    'document-invalid': '内容不合格，没有保存。改好标出的地方再存。',
    internal: '平台出错了，没有保存。稍后再试，原因在平台的日志里。',
    'too-many-listeners': '同时打开的页面太多。关掉一些再试。',
    'history-away': '历史数据暂时读不到，没有丢。稍后再试。',
    'gateway-away': '网关没有回答，没有执行。等它在线了再试。',
  },
  {
    'bad-request':
      'The platform does not understand this request. Reload the page; if it stays, upgrade the platform.',
    'host-refused': 'The platform does not open under this address. Use the address of this machine.',
    'origin-refused': 'This page may not change anything. Use the platform’s own.',
    'not-found': 'It is not there any more; somebody may just have changed it. Reload the page.',
    'version-conflict': 'Somebody has just changed it. Read it again, then repeat the change.',
    'lane-has-rules':
      'The lane below has rules of its own and cannot be removed. Undo that, or have its rules taken out first.',
    'seen-full': 'So many have seen it that no more names are kept.',
    'too-large': 'Too large, it was not taken. Choose a smaller one.',
    'not-an-image': 'This is no image, it was not taken. Choose a PNG, JPEG or WebP.',
    'document-invalid': 'Something in it is wrong, it was not saved. Mend the places named, then save again.',
    internal: 'The platform failed and saved nothing. Try again later; why stands in its log.',
    'too-many-listeners': 'Too many pages are open at once. Close some and try again.',
    'history-away': 'The history cannot be read just now, nothing is lost. Try again later.',
    'gateway-away': 'The gateway does not answer, nothing was done. Try again when it is online.',
  },
)

/** The platform's own sentence where it is newer than this page. */
export const toRefusal = (
  { code, message }: { readonly code: string; readonly message: string },
  language: Language,
): string => new Map(Object.entries(REFUSALS[language])).get(code) ?? message
