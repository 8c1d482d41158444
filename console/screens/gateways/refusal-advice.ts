import { translated } from '../../words/language.ts'

/** What to do about each reason for which a gateway refuses something. */
export const ADVICE = translated(
  {
    'frame-too-long': '地磁发来的数据太长。多是串口波特率不对或线路干扰，检查接线和波特率。',
    'frame-cobs': '数据在路上坏了。检查串口线、接头和天线；偶尔几次不用管。',
    'frame-too-short': '数据不完整。检查接线和信号；一直有就核对地磁固件版本。',
    'frame-crc': '数据校验不对，已丢弃，地磁会重发。次数一直涨就检查线路和干扰。',
    'frame-version': '地磁的固件比网关新。升级网关。',
    'frame-type': '地磁发来网关不认识的内容。升级网关，或核对是不是我们的地磁。',
    'frame-flags': '地磁发来网关不认识的标记。升级网关。',
    'frame-time': '地磁报的时间不合法。重启这个地磁；还有就换掉它。',
    'frame-tlv': '数据内部长度不对。一直有就核对地磁固件版本。',
    'frame-direction': '收到别的网关发给地磁的应答。两台网关离得近，正常，不用管。',
    'sequence-too-far': '地磁的序号跳得太远，像是另一台用了同一个编号。核对标签，有重号就换掉一台。',
    'session-past': '地磁发来它说过已没有的旧数据，可能被清空过。核对这个地磁。',
    'log-full': '网关的磁盘写得太慢或满了，读数先留在地磁里。检查磁盘和存储卡。',
    'device-clock-ahead': '地磁的钟走得太快，已改用网关时间。一直有就重启这个地磁。',
    parked: '有几条数据一发就断线，已放在一边，没有丢。把样本发给工程师。',
    'documents-unreadable': '网关磁盘上的布局读不出来，会向中心再要一份。再出现就检查存储卡。',
    'config-json': '中心发来的布局和规则读不懂。升级平台或网关，两边版本要配套。',
    'config-shape': '中心发来的布局和规则缺内容。升级平台或网关，两边版本要配套。',
    'config-older': '收到一份更旧的布局，没有采用。若是恢复过平台的备份，请重新保存一次布局。',
    'config-not-kept': '新布局没能写到网关磁盘，旧的还在用。检查磁盘空间和存储卡。',
    'layout-shape': '中心发来的布局不合格，旧的还在用。打开布局重新保存一次。',
    'layout-invalid': '中心发来的布局前后矛盾，旧的还在用。打开布局改好再保存。',
    'rules-shape': '中心发来的规则不合格，旧的还在用。请工程师核对规则。',
    'rules-invalid': '规则和布局对不上，旧的还在用。请工程师核对规则里的通道。',
    'ack-json': '中心的应答读不懂，数据还在网关里。升级平台或网关。',
    'ack-shape': '中心的应答不合格，数据还在网关里。升级平台或网关。',
    'command-json': '中心的命令读不懂，没有执行。升级平台或网关。',
    'command-shape': '网关不认识这个命令，没有执行。升级网关。',
    'message-too-long': '中心发来的内容太大，没有采用。布局是不是太大了？',
    'topic-unexpected': '收到不该收到的消息，没有采用。核对消息服务器的权限。',
    'no-open-episode': '要人工结束的事件已经结束了，不用管。',
    'note-json': 'Node-RED 的一条留言读不懂，没有送。检查流程里的留言。',
    'note-shape': 'Node-RED 的一条留言没有文字或太长，没有送。检查流程里的留言。',
    'note-too-long': 'Node-RED 的一条留言太长，没有送。留言最多 500 字。',
    'note-too-many': '流程留言太多，多出的没有送。让流程少说几句。',
    'note-dropped': '断线久了，最早的几条留言让出了位置。告警不受影响。',
    'note-given-up': '消息服务器不收留言，留言停十分钟。核对消息服务器的版本和权限；告警不受影响。',
  },
  {
    'frame-too-long':
      'A sensor sent too much in one piece. Mostly a wrong baud rate or noise on the line: check both.',
    'frame-cobs': 'Bytes were damaged on the way. Check cable, plugs and antenna; a few are no matter.',
    'frame-too-short':
      'Something came incomplete. Check cable and signal; if it goes on, the firmware version.',
    'frame-crc':
      'A check value was wrong; the sensor sends it again. If the count keeps rising, check the line.',
    'frame-version': 'The sensor is newer than the gateway. Update the gateway.',
    'frame-type':
      'The gateway does not know this kind of frame. Update it, or see whether the sensor is ours.',
    'frame-flags': 'The gateway does not know these flags. Update the gateway.',
    'frame-time': 'A sensor sent an impossible time. Restart it; replace it if it goes on.',
    'frame-tlv':
      'A length inside a frame was wrong. If it goes on, check the firmware version of the sensor.',
    'frame-direction':
      "Another gateway's answer to a sensor was overheard. They are close together: no matter.",
    'sequence-too-far':
      'A sensor jumped too far ahead, as if two used one number. Check the labels; replace one of two alike.',
    'session-past': 'A sensor sent what it said it no longer holds. It may have been wiped: look at it.',
    'log-full': 'The disk is slow or full; readings wait in the sensors. Check the disk and the card.',
    'device-clock-ahead':
      "A sensor's clock is ahead; the gateway's time is used. Restart the sensor if it goes on.",
    parked:
      'Some rows end the connection each time; they are put aside, not lost. Show an engineer the sample.',
    'documents-unreadable':
      'The layout on its disk could not be read; it asks the centre for another. Check the card if it comes again.',
    'config-json': 'What the centre sent could not be read. Update platform or gateway so that they fit.',
    'config-shape': 'What the centre sent lacks a part. Update platform or gateway so that they fit.',
    'config-older':
      'An older layout came and was not taken. If the platform was restored from a backup, save the layout again.',
    'config-not-kept':
      'The new layout could not be written; the old one is in force. Check the disk and the card.',
    'layout-shape':
      'The layout sent is malformed; the old one is in force. Open the layout and save it again.',
    'layout-invalid':
      'The layout sent contradicts itself; the old one is in force. Open the layout, mend it, save it.',
    'rules-shape':
      'The rules sent are malformed; the old ones are in force. An engineer should look at them.',
    'rules-invalid':
      'Rules and layout do not fit; the old ones are in force. An engineer should look at the lanes in the rules.',
    'ack-json': 'An acknowledgement could not be read; the rows are kept. Update platform or gateway.',
    'ack-shape': 'An acknowledgement was malformed; the rows are kept. Update platform or gateway.',
    'command-json': 'A command could not be read and was not done. Update platform or gateway.',
    'command-shape': 'The gateway does not know this command; it was not done. Update the gateway.',
    'message-too-long': 'What the centre sent is too large and was not taken. Is the layout too large?',
    'topic-unexpected':
      'A message came that should not; it was not taken. Check the permissions at the broker.',
    'no-open-episode': 'An episode that was to be ended by hand had ended already: no matter.',
    'note-json': 'A note of Node-RED could not be read and was not sent. Look at the flow.',
    'note-shape': 'A note of Node-RED has no text or too much, and was not sent. Look at the flow.',
    'note-too-long': 'A note of Node-RED is too long and was not sent. A note has at most 500 characters.',
    'note-too-many': 'A flow says too much; the rest was not sent. Let it say less.',
    'note-dropped': 'The line was lost for long; the oldest notes made room. Alarms are not touched.',
    'note-given-up':
      'The broker takes no notes; they rest for ten minutes. Check its version and permissions. Alarms are not touched.',
  },
)

export const hasAdvice = (reason: string): reason is keyof (typeof ADVICE)['zh'] => reason in ADVICE.zh
