/** One event as it came. Comments (keep-alives) are not events. */
export interface StreamedEvent {
  /** The newest id that the stream has named, also by an event before. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

const LINE_END = /\r\n|\n|\r/g;

/** Reads `text/event-stream` (WHATWG HTML §9.2) from text in pieces. */
export class EventStreamParser {
  private rest = '';
  private data: string[] = [];
  private event = '';
  private namedId: string | undefined;
  private started = false;
  /** Where the stream stands: the id of the newest complete event, one without data included. */
  lastId: string | undefined;
  /** The wait before reconnecting that the stream asked for. */
  retryMs: number | undefined;

  /** Takes the next piece and gives the events that it completes. */
  push(text: string): StreamedEvent[] {
    let buffer = this.rest + text;
    if (!this.started && buffer !== '') {
      this.started = true;
      if (buffer.startsWith('\uFEFF')) buffer = buffer.slice(1);
    }
    const events: StreamedEvent[] = [];
    let from = 0;
    for (const end of buffer.matchAll(LINE_END)) {
      // The other half of this line end may still be on its way.
      if (end[0] === '\r' && end.index === buffer.length - 1) break;
      const completed = this.line(buffer.slice(from, end.index));
      if (completed) events.push(completed);
      from = end.index + end[0].length;
    }
    this.rest = buffer.slice(from);
    return events;
  }

  private line(line: string): StreamedEvent | undefined {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id' && !value.includes('\0')) this.namedId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  private dispatch(): StreamedEvent | undefined {
    const { data, event } = this;
    this.data = [];
    this.event = '';
    this.lastId = this.namedId ?? this.lastId;
    if (data.length === 0) return undefined;
    return { id: this.lastId, event: event || 'message', data: data.join('\n') };
  }
}
