import { NoteViewSchema } from '@clearlane/protocol'
import { List } from 'antd-mobile'
import { useAsk } from '../../live/ask.ts'
import { toItems } from '../../live/items.ts'
import { translated, useLanguage, useWords } from '../../words/language.ts'
import { toShortMoment } from '../../words/time.ts'

const WORDS = translated(
  { title: '网关留言', warning: '注意' },
  { title: 'Notes from gateways', warning: 'warning' },
)

const REFRESH_MS = 10_000
const SHOWN = 20
const NotesSchema = toItems(NoteViewSchema)

/** What flows on the estate's boxes have told people, newest first. A note is no alarm: nothing sounds for it. */
export const NotesList = () => {
  const words = useWords(WORDS)
  const language = useLanguage()
  const answer = useAsk(`/notes?limit=${SHOWN}`, NotesSchema, REFRESH_MS)
  if (answer?.kind !== 'answer' || answer.value.items.length === 0) return null
  return (
    <List header={words.title}>
      {answer.value.items.map(({ gateway, id, text, level, atMs, section }) => (
        <List.Item
          key={`${gateway} ${id}`}
          data-testid={`note-${id}`}
          extra={level === 'warning' && <span className="pre-alarm">▲ {words.warning}</span>}
          description={
            <>
              {toShortMoment(atMs, language)} · <bdi>{gateway}</bdi>
              {section !== undefined && (
                <>
                  {' · '}
                  <bdi>{section}</bdi>
                </>
              )}
            </>
          }
        >
          <bdi>{text}</bdi>
        </List.Item>
      ))}
    </List>
  )
}
