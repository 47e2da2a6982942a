import { setTimeout as sleep } from 'node:timers/promises';
import { changesOf, type NumberedChange } from './changes.js';
import { type Answer, type Change, type History, KILL, type Question } from './history.js';
import type { Member } from './member.js';
import type { FromReader, FromWriter, Reply, ToReader, ToWriter } from './protocol.js';
import { until } from './until.js';

/** How fast the driver asks and changes. */
export interface Tempo {
  /** Between two questions to one reader, in ms. */
  readonly askEvery: number;
  /** Between an acknowledgement and the next change, in ms. */
  readonly changeEvery: number;
}

/** Options of {@link Driver}. */
export interface DriverOptions {
  readonly readers: readonly Member<ToReader, FromReader>[];
  readonly writer: Member<ToWriter, FromWriter>;
  /** Asked often enough to be at hand in every reader. */
  readonly hot: readonly string[];
  /** Asked so seldom that others take their place in memory. */
  readonly cold: readonly string[];
  readonly tempo: Tempo;
}

/** A reader with so many questions open is asked ten times more seldom. */
const MOST_OPEN = 40;
/** How long answers may be late at the end, in ms. */
const LATEST = 15_000;

/** Changes continuously, asks continuously, and notes both by one clock. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #changes: Change[] = [];
  readonly #answers: Answer[] = [];
  readonly #open: Map<number, Question>[];
  readonly #bursts = new Map<number, (replies: readonly Reply[]) => void>();
  readonly #lastOf = new Map<string, Change>();
  readonly #next: Iterator<NumberedChange>;
  #written: ((revision: string) => void) | undefined;
  #asking: NodeJS.Timeout | undefined;
  #changing: Promise<void> | undefined;
  #changeOn = false;
  #ids = 0;
  #ticks = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#open = options.readers.map(() => new Map());
    this.#next = changesOf([...options.hot, ...options.cold]);
    for (const [index, reader] of options.readers.entries())
      reader.listen((message) => this.#hear(index, message, performance.now()));
    options.writer.listen((message) => {
      if (message.type === 'written') this.#written?.(message.revision);
    });
  }

  get readers(): number {
    return this.#options.readers.length;
  }

  /** Which processes ended by themselves, and why. */
  ended(): readonly string[] {
    const { readers, writer } = this.#options;
    return [...readers, writer].flatMap((member, index) => {
      const why = member.ended();
      return why === undefined ? [] : [`${index < readers.length ? `reader ${index}` : 'the writer'} ${why}`];
    });
  }

  /** Begins to ask and to change. */
  start(): void {
    const { askEvery } = this.#options.tempo;
    this.#asking ??= setInterval(() => this.#tick(), askEvery);
    this.#changeOn = true;
    this.#changing ??= this.#changeOnAndOn().finally(() => {
      this.#changing = undefined;
    });
  }

  /** Stops asking and changing, and waits for the answers and the acknowledgement that are due; not for ever. */
  async pause(): Promise<void> {
    clearInterval(this.#asking);
    this.#asking = undefined;
    this.#changeOn = false;
    await until(() => this.#open.every((open) => open.size === 0) && this.#changing === undefined, LATEST);
  }

  /** Stops at once. */
  async stop(): Promise<void> {
    clearInterval(this.#asking);
    this.#changeOn = false;
  }

  /** All changes, and what was asked since a moment. */
  since(moment: number): History {
    return {
      changes: this.#changes,
      answers: this.#answers.filter(({ question }) => question.askedAt >= moment),
      unanswered: this.#open.flatMap((open) => [...open.values()].filter(({ askedAt }) => askedAt >= moment)),
    };
  }

  /** Forgets the answers so far. */
  forget(): void {
    this.#answers.length = 0;
    for (const open of this.#open) open.clear();
  }

  /** Records one change, and waits for its acknowledgement. */
  async change(numbered: NumberedChange): Promise<Change> {
    const { subject, appearance, change } = numbered;
    const noted: Change = {
      subject,
      appearance,
      requestedAt: performance.now(),
      acknowledgedAt: undefined,
      revision: undefined,
    };
    this.#changes.push(noted);
    noted.revision = await new Promise<string>((resolve) => {
      this.#written = resolve;
      this.#options.writer.send({ type: 'write', id: this.#changes.length, change });
    });
    noted.acknowledgedAt = performance.now();
    this.#lastOf.set(subject, noted);
    return noted;
  }

  /** Asks one reader the same question many times at once; what it answered, answers that were alike once. */
  async burst(reader: number, tenant: string, count: number): Promise<readonly Answer[]> {
    const question = this.#question(reader, tenant, 'wait');
    const replies = await new Promise<readonly Reply[]>((resolve) => {
      this.#bursts.set(question.id, resolve);
      this.#options.readers[reader]?.send({ type: 'burst', id: question.id, tenant, count });
    });
    const answeredAt = performance.now();
    const answers = replies.map(({ sights, problem }) => ({ question, answeredAt, sights, problem }));
    this.#answers.push(...answers);
    return answers;
  }

  #tick(): void {
    this.#ticks += 1;
    for (const [reader, open] of this.#open.entries())
      if (open.size < MOST_OPEN || this.#ticks % 10 === 0) this.#ask(reader, this.#ticks + reader);
  }

  #ask(reader: number, turn: number): void {
    const { tenant, isCold } = this.#tenantOf(turn);
    // Of what is at hand only the hot ones are asked: of the others it may be nothing, and rightly so.
    const how = !isCold && turn % 3 === 1 ? 'now' : 'wait';
    const atLeast = how === 'wait' && turn % 5 === 4 ? this.#lastOf.get(turn % 2 === 0 ? tenant : KILL) : undefined;
    const question = this.#question(reader, tenant, how, atLeast);
    const { id } = question;
    this.#open[reader]?.set(id, question);
    this.#options.readers[reader]?.send({ type: 'ask', id, tenant, how, revision: atLeast?.revision });
  }

  // Three questions of four are about the hot ones.
  #tenantOf(turn: number): { readonly tenant: string; readonly isCold: boolean } {
    const { hot, cold } = this.#options;
    const isCold = turn % 4 === 3;
    const among = isCold ? cold : hot;
    const round = Math.floor(turn / 4) + (isCold ? 0 : turn);
    return { tenant: among[round % among.length] ?? '', isCold };
  }

  #question(reader: number, tenant: string, how: Question['how'], atLeast?: Change): Question {
    return { id: (this.#ids += 1), reader, tenant, how, askedAt: performance.now(), atLeast };
  }

  #hear(reader: number, message: FromReader, answeredAt: number): void {
    if (message.type === 'answer') {
      const question = this.#open[reader]?.get(message.id);
      if (question === undefined) return;
      this.#open[reader]?.delete(message.id);
      this.#answers.push({ question, answeredAt, sights: message.sights, problem: message.problem });
    } else if (message.type === 'burst') {
      this.#bursts.get(message.id)?.(message.replies);
      this.#bursts.delete(message.id);
    }
  }

  async #changeOnAndOn(): Promise<void> {
    while (this.#changeOn) {
      const { value } = this.#next.next();
      await this.change(value as NumberedChange);
      await sleep(this.#options.tempo.changeEvery);
    }
  }
}
