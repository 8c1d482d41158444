/** Every word on the screen, in both languages. A key that one of them lacks is a type error. */
export type Language = 'zh' | 'en'

const ZH = {
  title: '消防车通道',
  lanes: '通道',
  devices: '地磁',
  blocked: '占用',
  preAlarm: '预警',
  clear: '畅通',
  unobserved: '未监测',
  cleared: '已清空',
  passed: '未到判定时长已离开',
  voided: '已撤销',
  endedByHand: '人工结束',
  episodes: '占用事件',
  noEpisodes: '还没有占用事件。车辆停在通道上，这里会立即出现。',
  since: '已',
  ago: '前',
  seconds: '秒',
  minutes: '分',
  hours: '小时',
  days: '天',
  detectedAt: '发现',
  confirmedAt: '告警',
  endedAt: '清空',
  evidence: '依据',
  slot: '车位',
  residual: '磁场偏离',
  threshold: '阈值',
  rulesVersion: '规则版本',
  layoutVersion: '布局版本',
  close: '关闭',
  serverGone: '与服务器的连接已断开，以下为断开前的状态',
  gatewayGone: '网关离线，其路段未监测',
  lastHeard: '最后更新',
  connecting: '正在连接…',
  unknownDevices: '未登记地磁',
  noUnknownDevices: '没有未登记的地磁。新装的地磁上电后会出现在这里。',
  heardTimes: '收到次数',
  bind: '绑定到车位',
  chooseSlot: '选择车位',
  bound: '已绑定',
  bindFailed: '没有绑定成功，请重试',
  needsHello: '等待其上报编号',
  language: 'English',
  loadFailed: '没有取到，请重试',
} as const

export type Words = { readonly [Key in keyof typeof ZH]: string }

const EN: Words = {
  title: 'Fire lanes',
  lanes: 'Lanes',
  devices: 'Sensors',
  blocked: 'Blocked',
  preAlarm: 'Pre-alarm',
  clear: 'Clear',
  unobserved: 'Unobserved',
  cleared: 'Cleared',
  passed: 'Left before the dwell',
  voided: 'Withdrawn',
  endedByHand: 'Ended by hand',
  episodes: 'Episodes',
  noEpisodes: 'No episodes yet. When a vehicle stops in a lane it appears here at once.',
  since: 'for',
  ago: 'ago',
  seconds: 's',
  minutes: 'min',
  hours: 'h',
  days: 'd',
  detectedAt: 'Detected',
  confirmedAt: 'Alarm',
  endedAt: 'Cleared',
  evidence: 'Evidence',
  slot: 'Slot',
  residual: 'Field off by',
  threshold: 'Threshold',
  rulesVersion: 'Rules version',
  layoutVersion: 'Layout version',
  close: 'Close',
  serverGone: 'The server is out of reach. This is the state before it went away',
  gatewayGone: 'A gateway is offline: its sections are unobserved',
  lastHeard: 'last heard',
  connecting: 'Connecting…',
  unknownDevices: 'Unregistered sensors',
  noUnknownDevices: 'No unregistered sensors. A new one appears here once it is switched on.',
  heardTimes: 'times heard',
  bind: 'Bind to a slot',
  chooseSlot: 'Choose a slot',
  bound: 'Bound',
  bindFailed: 'It was not bound. Please try again',
  needsHello: 'waiting for its number',
  language: '中文',
  loadFailed: 'It could not be loaded. Please try again',
}

export const WORDS: Readonly<Record<Language, Words>> = { zh: ZH, en: EN }

/** How long something has lasted, in one or two units. */
export const toAge = (ms: number, words: Words): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ]
  if (minutes < 1) return `${seconds} ${words.seconds}`
  if (hours < 1) return `${minutes} ${words.minutes} ${seconds % 60} ${words.seconds}`
  if (days < 1) return `${hours} ${words.hours} ${minutes % 60} ${words.minutes}`
  return `${days} ${words.days} ${hours % 24} ${words.hours}`
}
