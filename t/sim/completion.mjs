// The calls around a chat, and the stream of a completion.

import { createHash, randomUUID } from 'node:crypto';
import { chatDetail } from './chats.mjs';
import { contentText } from './checks.mjs';
import { faultAnswer, isConnectionFault, isStreamFault, refusal }
    from './faults.mjs';
import { frames, plan } from './frames.mjs';
import { hasModel } from './models.mjs';
import { Serializer } from './sse.mjs';
import { Wire } from './wire.mjs';

const MAX_KEPT_TEXT = 65536;
const BULK_EVENTS = 256;


function modelRefusal(exchange, model, call) {
    const { models, model_check, model_refusal } = exchange.sim.settings;
    if (!['both', call].includes(model_check) || hasModel(models, model)) {
        return undefined;
    }
    return {
        ...faultAnswer({ fault: 'model-refused', form: model_refusal }),
        reason: 'model not in the list',
    };
}


function noChat(exchange, id) {
    const other = exchange.sim.chats.exists(id);
    return {
        status: 404,
        json: refusal('Not_Found', 'Chat not found'),
        reason: other ? 'chat of another account' : 'unknown chat',
    };
}


export function admitNewChat(exchange) {
    return modelRefusal(exchange, exchange.body.models[0], 'new_chat');
}


export async function newChat(exchange) {
    const { sim, body, account } = exchange;
    const chat = sim.chats.add(account.email, body);
    exchange.record.chat_id = chat.id;
    await exchange.json(200, {
        success: true, request_id: randomUUID(), data: { id: chat.id },
    });
}


export function admitChat(exchange) {
    const id = decodeURIComponent(exchange.url.pathname.split('/').pop());
    exchange.chat = exchange.sim.chats.find(exchange.account.email, id);
    return exchange.chat === undefined ? noChat(exchange, id) : undefined;
}


export async function showChat(exchange) {
    await exchange.json(200, chatDetail(exchange.chat));
}


export async function deleteChat(exchange) {
    exchange.sim.chats.remove(exchange.chat.id);
    await exchange.json(200, {
        success: true, request_id: randomUUID(), data: { status: true },
    });
}


export function admitCompletion(exchange) {
    const { sim, account, body } = exchange;
    exchange.record.chat_id = body.chat_id;
    exchange.chat = sim.chats.find(account.email, body.chat_id);
    if (exchange.chat === undefined) {
        return noChat(exchange, body.chat_id);
    }
    return modelRefusal(exchange, body.model, 'completion');
}


// Several messages get an empty answer, as the upstream gives.
export async function completion(exchange) {
    const { body, behaviour } = exchange;
    if (!body.stream) {
        await exchange.json(501, refusal('Not_Implemented',
            'The simulator makes no video.'));
        return;
    }
    if (body.messages.length > 1) {
        exchange.record.refused = 'several messages';
        exchange.behaviour = { ...behaviour, fault: 'no-delta' };
    }
    await new Stream(exchange, streamPlan(exchange)).run();
}


function streamPlan(exchange) {
    const { body, rest, behaviour } = exchange;
    const [message] = body.messages;
    const features = message.feature_config ?? {};
    return plan(behaviour, {
        chat_id: body.chat_id,
        parent_id: message.fid,
        content: rest,
        thinking: features.thinking_enabled === true,
        chat_type: body.chat_type ?? message.chat_type,
        phase: features.output_schema === 'phase',
    });
}


// The text of a completion as the upstream reads it.
export function completionText(body) {
    return body.messages.length === 1
        ? contentText(body.messages[0].content) : '';
}


function* withLast(list) {
    let previous;
    for (const event of list) {
        if (previous !== undefined) {
            yield { event: previous, last: false };
        }
        previous = event;
    }
    if (previous !== undefined) {
        yield { event: previous, last: true };
    }
}


function isBulk({ events = [], frames: list = [], text = '' }) {
    const count = [events].flat().reduce((sum, one) => sum + one.count, 0);
    return Math.max(count, list.length,
        Array.isArray(text) ? text.length : 0) > BULK_EVENTS;
}


class Stream {
    #hash = createHash('sha256');
    #kept = '';
    #stalled = false;

    constructor(exchange, thePlan) {
        this.exchange = exchange;
        this.plan = thePlan;
        this.behaviour = exchange.behaviour;
        this.serializer = new Serializer(this.behaviour);
        this.wire = new Wire(exchange.res, this.behaviour,
            { bulk: isBulk(this.behaviour) });
        this.sent = { events: 0, text_bytes: 0, finished: false };
        exchange.record.sent = this.sent;
    }

    async run() {
        this.#begin();
        if (this.serializer.preamble().length > 0) {
            await this.wire.write(this.serializer.preamble());
        }
        for (const { event, last } of withLast(frames(this.plan))) {
            if (await this.#interrupted(event)) {
                return;
            }
            await this.#send(event, last);
            if (this.wire.gone) {
                return;
            }
        }
        await this.#finish();
    }

    #begin() {
        const { exchange, behaviour } = this;
        const { records, chats } = exchange.sim;
        records.opened();
        exchange.res.on('close', () => {
            this.sent.text_sha256 = this.#hash.digest('hex');
            records.closed();
        });
        chats.addMessage(exchange.chat, 'user',
            exchange.body.messages[0].content);
        exchange.begin(this.wire, behaviour.status ?? 200, {
            'Content-Type': behaviour.content_type
                ?? 'text/event-stream; charset=utf-8',
            'Cache-Control': 'no-cache',
            ...behaviour.length ? { 'Content-Length': this.#length() } : {},
        });
    }

    // Of the whole stream, whatever fault will end it.
    #length() {
        const serializer = new Serializer(this.behaviour);
        let length = serializer.preamble().length;
        for (const { event, last } of withLast(frames(this.plan))) {
            length += serializer.event(event.data, last).length;
        }
        return length;
    }

    async #send(event, last) {
        const bytes = this.serializer.event(event.data, last);
        this.sent.events += event.created || event.after ? 0 : 1;
        this.sent.finished ||= event.finish === true;
        if (event.text !== undefined) {
            this.sent.text_bytes += Buffer.byteLength(event.text);
            this.#hash.update(event.text);
            if (this.#kept.length < MAX_KEPT_TEXT) {
                this.#kept += event.text;
            }
        }
        await this.wire.write(bytes);
    }

    // Stalls and faults that are due before an event; true: that was all.
    async #interrupted(event) {
        if (event.created) {
            return false;
        }
        const { stall } = this.behaviour;
        if (stall && !this.#stalled && this.#isDue(stall.after, event)) {
            this.#stalled = true;
            await this.wire.flush();
            await this.wire.pause(stall.ms);
        }
        const { fault, after = 0 } = this.behaviour;
        if (fault === undefined || !this.#isDue(after, event)) {
            return this.wire.gone;
        }
        await this.#fault();
        return true;
    }

    #isDue(after, event) {
        if (after === 'finish') {
            return event.after === true;
        }
        return this.sent.events >= after || event.finish === true;
    }

    async #fault() {
        const { wire, behaviour, exchange } = this;
        const { fault } = behaviour;
        if (fault === 'time-out') {
            await wire.flush();
            await wire.pause(null);
            return;
        }
        exchange.record.outcome = 'broken';
        if (!isConnectionFault(fault)) {
            const { json } = faultAnswer(behaviour);
            await wire.write(this.serializer.event(JSON.stringify(json)));
        }
        if (fault === 'reset' || fault === 'cut' || behaviour.length) {
            await wire.breakOff(fault === 'reset' ? 'reset' : 'cut');
            return;
        }
        await wire.end();
    }

    async #finish() {
        const { wire, behaviour, exchange } = this;
        const { fault, hang } = behaviour;
        if (fault !== undefined && isStreamFault(behaviour)) {
            await this.#fault();
            return;
        }
        exchange.sim.chats.addMessage(exchange.chat, 'assistant',
            this.#kept);
        await wire.flush();
        if (hang) {
            exchange.record.outcome = 'done';
            await wire.pause(hang === true ? null : hang);
        }
        await wire.end();
    }
}
