import type { HealthMessage } from '@clearlane/protocol'
import { localeOf, translated, useLanguage, useWords } from '../../words/language.ts'
import { toAge } from '../../words/time.ts'

const WORDS = translated(
  {
    title: '网关上的其他程序',
    broker: '本地消息服务',
    up: '通',
    down: '断',
    dropped: '条读数没有转给它',
    nodeRed: 'Node-RED',
    starting: '正在启动',
    running: '运行中',
    safe: '流程已停，只能编辑：打开 Node-RED 改好再部署',
    waiting: '停了，马上再启动',
    givenUp: '不再启动：改好流程，再重启网关',
    since: '已',
    restarts: '次重启',
    reason: '上次停止的原因',
  },
  {
    title: 'Beside the gateway',
    broker: 'Broker of the box',
    up: 'up',
    down: 'down',
    dropped: 'readings not told to it',
    nodeRed: 'Node-RED',
    starting: 'starting',
    running: 'running',
    safe: 'flows stopped, editor only: mend them in Node-RED and deploy',
    waiting: 'ended, started again in a moment',
    givenUp: 'given up: mend the flows, then restart the gateway',
    since: 'for',
    restarts: 'restarts',
    reason: 'Why it ended last',
  },
)

/** What runs on the box beside the gateway, where anything does. None of it is needed for an alarm. */
export const Beside = ({ health }: { readonly health: HealthMessage }) => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const { lan, nodeRed, atMs } = health
  if (lan === undefined) return null
  const states = {
    starting: words.starting,
    running: words.running,
    'safe-mode': words.safe,
    waiting: words.waiting,
    'given-up': words.givenUp,
  }
  return (
    <>
      <h3>{words.title}</h3>
      <ul className="lines">
        <li data-testid="lan-broker">
          {words.broker}{' '}
          <b className={lan.up ? 'clear' : 'blocked'}>{lan.up ? `● ${words.up}` : `■ ${words.down}`}</b>
          {lan.droppedReadings > 0 &&
            ` · ${lan.droppedReadings.toLocaleString(localeOf(language))} ${words.dropped}`}
        </li>
        {nodeRed !== undefined && (
          <li data-testid="node-red" data-state={nodeRed.state}>
            {words.nodeRed}{' '}
            <b className={nodeRed.state === 'running' ? 'clear' : 'pre-alarm'}>
              {nodeRed.state === 'running' ? '●' : '▲'} {states[nodeRed.state]}
            </b>{' '}
            {words.since} {toAge(atMs - nodeRed.sinceMs, language)} · {nodeRed.restarts} {words.restarts}
            {nodeRed.reason !== undefined && (
              <>
                <br />
                {words.reason}: <bdi>{nodeRed.reason}</bdi>
              </>
            )}
          </li>
        )}
      </ul>
    </>
  )
}
