// The events of a completion, one after the other, before they are bytes.

import { randomUUID } from 'node:crypto';
import { artefact, hostile } from './hostile.mjs';
import { eventText, pieces } from './patterns.mjs';

const MARK = '@@content@@';

const DEFAULT_THINKING = [
    { title: 'Reading the question', thought: 'The user asks something. '
        + 'I look at the words one by one.' },
    { title: 'Choosing an answer', thought: 'A simulator repeats what it '
        + 'was told.' },
];

const DEFAULT_RESULTS = [
    { title: 'Qwen', url: 'https://qwen.ai/', hostname: 'qwen.ai',
        snippet: 'The first result.' },
    { title: '通义 | [千问]', url: 'https://example.com/a?b=c&d=(e)',
        hostname: 'example.com', snippet: 'The second result.' },
];


function defaultText(content) {
    const tail = Array.from(content.trim().slice(-400)).slice(-200);
    return `Simulated answer to: ${tail.join('')}`;
}


function thoughts(behaviour, thinking) {
    const given = behaviour.thinking ?? (thinking ? DEFAULT_THINKING : []);
    if (given === false) {
        return [];
    }
    return [given].flat().map((item) => typeof item === 'string'
        ? { title: 'Thinking', thought: item } : item);
}


function searches(behaviour, chatType) {
    const given = behaviour.search
        ?? (chatType === 'search' ? DEFAULT_RESULTS : []);
    if (given === false || given.length === 0) {
        return [];
    }
    return Array.isArray(given[0]) ? given : [given];
}


// What a request shall get: request is { chat_id, parent_id, content,
// thinking, chat_type, phase }.
export function plan(behaviour, request) {
    return {
        behaviour,
        phase: request.phase,
        ids: {
            chat_id: request.chat_id,
            parent_id: request.parent_id ?? randomUUID(),
            response_id: randomUUID(),
            response_index: 0,
        },
        text: behaviour.text
            ?? (behaviour.events ? '' : defaultText(request.content)),
        events: [behaviour.events ?? []].flat(),
        thoughts: thoughts(behaviour, request.thinking),
        searches: searches(behaviour, request.chat_type),
        input_tokens: Math.ceil(request.content.length / 4),
    };
}


// Usage grows by a token with each delta of text.
class Usage {
    #form;
    #at;
    output = 0;
    reasoning = 0;

    constructor({ usage = 'new', usage_at = 'each' }, inputTokens) {
        this.#form = usage;
        this.#at = usage_at;
        this.input = inputTokens;
    }

    // where: each, last or after (the finish)
    member(where) {
        const due = where === this.#at
            || (where === 'last' && this.#at === 'each');
        return due && this.#form !== 'none' ? { usage: this.value() } : {};
    }

    value() {
        if (typeof this.#form === 'object') {
            return this.#form;
        }
        const details = { reasoning_tokens: this.reasoning };
        const total_tokens = this.input + this.output;
        return this.#form === 'old' ? {
            prompt_tokens: this.input,
            completion_tokens: this.output,
            total_tokens,
            completion_tokens_details: details,
        } : {
            input_tokens: this.input,
            output_tokens: this.output,
            total_tokens,
            output_tokens_details: details,
            cached_tokens: 0,
        };
    }
}


class Composer {
    constructor(thePlan) {
        this.plan = thePlan;
        this.usage = new Usage(thePlan.behaviour, thePlan.input_tokens);
    }

    delta(delta, where = 'each') {
        if (!this.plan.phase) {
            delete delta.phase;
        }
        return {
            data: JSON.stringify({
                choices: [{ delta }],
                response_id: this.plan.ids.response_id,
                ...this.usage.member(where),
            }),
        };
    }

    answer(content) {
        this.usage.output++;
        const event = this.delta({
            role: 'assistant', content, phase: 'answer', status: 'typing',
        });
        event.text = content;
        return event;
    }

    raw({ content, data }) {
        if (data !== undefined) {
            return { data };
        }
        const [head, tail] = this.answer(MARK).data.split(MARK);
        return {
            data: Buffer.concat([Buffer.from(head), content,
                Buffer.from(tail)]),
        };
    }

    after() {
        return {
            after: true,
            data: JSON.stringify({ choices: [], usage: this.usage.value() }),
        };
    }
}


function* thinkFrames(composer, size) {
    const { thoughts: parts } = composer.plan;
    for (const { thought } of parts) {
        for (const content of pieces(thought, size)) {
            composer.usage.output++;
            composer.usage.reasoning++;
            yield composer.delta({
                role: 'assistant', content, phase: 'think',
                status: 'typing',
            });
        }
    }
    yield composer.delta({
        role: 'assistant', content: '', phase: 'think',
        status: 'finished',
    });
}


function summary(titles, thoughtsSoFar, status) {
    return {
        role: 'assistant', content: '', phase: 'thinking_summary', status,
        extra: {
            summary_title: { content: titles },
            summary_thought: { content: thoughtsSoFar },
        },
    };
}


// Both arrays are cumulative; a title comes before its thought, and the last
// element of each grows.
function* summaryFrames(composer, size) {
    const titles = [];
    const done = [];
    for (const { title, thought } of composer.plan.thoughts) {
        titles.push('');
        for (const piece of pieces(title, size)) {
            titles.push(titles.pop() + piece);
            yield composer.delta(summary(titles, done, 'typing'));
        }
        done.push('');
        for (const piece of pieces(thought, size)) {
            done.push(done.pop() + piece);
            composer.usage.output++;
            composer.usage.reasoning++;
            yield composer.delta(summary(titles, done, 'typing'));
        }
    }
    yield composer.delta(summary(titles, done, 'finished'));
}


function* searchFrames(composer) {
    yield composer.delta({
        role: 'assistant', content: '', phase: 'web_search',
        status: 'typing',
        function_call: { name: 'web_search', arguments: '{"queries":[]}' },
    });
    for (const web_search_info of composer.plan.searches) {
        yield composer.delta({
            role: 'function', content: '', name: 'web_search',
            phase: 'web_search', status: 'typing',
            extra: { web_search_info },
        });
    }
    yield composer.delta({
        role: 'function', content: '', name: 'web_search',
        phase: 'web_search', status: 'finished',
    });
}


function* oddFrames(composer) {
    const { behaviour } = composer.plan;
    for (const item of behaviour.artefacts ?? []) {
        const { delta, event } = artefact(item);
        yield delta ? composer.delta(delta)
            : { data: JSON.stringify(event) };
    }
    for (const item of behaviour.hostile ?? []) {
        for (const part of hostile(item)) {
            yield composer.raw(part);
        }
    }
}


// Artefacts and hostile events come behind the first delta of the answer.
function* answerFrames(composer, size) {
    const { text, events } = composer.plan;
    const list = typeof text === 'string' ? pieces(text, size) : text;
    yield* list.slice(0, 1).map((piece) => composer.answer(piece));
    yield* oddFrames(composer);
    for (let i = 1; i < list.length; i++) {
        yield composer.answer(list[i]);
    }
    for (const { count, size: bytes, pattern = 'ascii' } of events) {
        for (let i = 0; i < count; i++) {
            yield composer.answer(eventText(pattern, bytes, i));
        }
    }
}


function* endFrames(composer) {
    const { behaviour } = composer.plan;
    if (behaviour.finish !== false) {
        yield {
            finish: true,
            ...composer.delta({
                role: 'assistant', content: '', phase: 'answer',
                status: 'finished',
            }, 'last'),
        };
    }
    if (behaviour.usage_after || behaviour.usage_at === 'after') {
        yield composer.after();
    }
    if (behaviour.done) {
        yield { after: true, data: '[DONE]' };
    }
}


// Events: { data: string or Buffer, text?, created?, finish?, after? }.
export function* frames(thePlan) {
    const { behaviour } = thePlan;
    if (behaviour.frames !== undefined) {
        yield* behaviour.frames.map((item) => ({
            data: typeof item === 'string' ? item : JSON.stringify(item),
        }));
        return;
    }
    const composer = new Composer(thePlan);
    const size = behaviour.piece ?? 12;
    if (behaviour.created !== false) {
        yield {
            created: true,
            data: JSON.stringify({ 'response.created': thePlan.ids }),
        };
    }
    if (thePlan.searches.length > 0) {
        yield* searchFrames(composer);
    }
    if (thePlan.thoughts.length > 0) {
        yield* behaviour.thinking_form === 'summary'
            ? summaryFrames(composer, size) : thinkFrames(composer, size);
    }
    yield* answerFrames(composer, size);
    yield* endFrames(composer);
}
