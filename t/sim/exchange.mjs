// One request and its answer.

import { wallPage } from './faults.mjs';
import { Wire } from './wire.mjs';

const COOKIE = 'acw_tc=simulated;path=/;HttpOnly;Max-Age=1800';


function pairs(rawHeaders) {
    const list = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
        list.push([rawHeaders[i], rawHeaders[i + 1]]);
    }
    return list;
}


export class Exchange {
    behaviour = {};
    account = undefined;

    constructor(sim, req, res, url, call) {
        this.sim = sim;
        this.req = req;
        this.res = res;
        this.url = url;
        this.call = call;
        this.record = sim.records.add({
            call,
            method: req.method,
            path: url.pathname,
            query: Object.fromEntries(url.searchParams),
            headers: { ...req.headers },
            raw_headers: pairs(req.rawHeaders),
            connection: req.socket.serial,
            notes: [],
        });
        res.on('close', () => this.#closed());
        res.on('error', () => {});
    }

    // Reads the body; false: it is above the upstream's limit, or the client
    // has left.
    async readBody() {
        const limit = this.sim.settings.max_body ?? Infinity;
        const parts = [];
        let length = 0;
        try {
            for await (const part of this.req) {
                length += part.length;
                if (length <= limit) {
                    parts.push(part);
                }
            }
        } catch {
            return false;
        } finally {
            this.sim.records.addBytes(this.record, length);
        }
        if (length > limit) {
            this.record.refused = `body over ${limit} bytes`;
            await this.#plain(this.sim.settings.wall_status,
                { 'Content-Type': 'text/html; charset=utf-8' }, wallPage());
            return false;
        }
        this.body = Buffer.concat(parts, length);
        return true;
    }

    // A refusal of the upstream by its own rules.
    async refuse(status, json, reason) {
        this.record.refused = reason;
        await this.json(status, json);
    }

    // An answer of JSON, changed as the behaviour says.
    async json(status, json, headers = {}) {
        const { behaviour } = this;
        const body = answerBody(behaviour) ?? Buffer.from(
            JSON.stringify(json));
        await this.#plain(behaviour.status ?? status, {
            'Content-Type': behaviour.content_type ?? 'application/json',
            ...headers,
        }, body);
    }

    // A fault that is an answer: { status, headers, json | html }.
    async fault({ status, headers = {}, json, html, empty }) {
        const html5 = 'text/html; charset=utf-8';
        const type = json === undefined ? html5 : 'application/json';
        const stream = empty && this.call === 'completion';
        await this.#plain(this.behaviour.status ?? status, {
            'Content-Type': this.behaviour.content_type
                ?? (stream ? 'text/event-stream' : type),
            ...headers,
        }, html ?? JSON.stringify(json));
    }

    // Bytes as an answer of their own.
    async raw(type, bytes) {
        await this.#plain(this.behaviour.status ?? 200, {
            'Content-Type': this.behaviour.content_type ?? type,
        }, bytes);
    }

    // The head of an answer whose body goes through the wire.
    begin(wire, status, headers) {
        this.record.status = status;
        this.record.answered = Date.now();
        wire.head(status, {
            'Set-Cookie': COOKIE, ...headers, ...this.behaviour.headers,
        });
    }

    get wire() {
        this.ownWire ??= new Wire(this.res, this.behaviour);
        return this.ownWire;
    }

    async #plain(status, headers, body) {
        const bytes = Buffer.from(body);
        const length = this.behaviour.length === false ? {}
            : { 'Content-Length': bytes.length };
        this.begin(this.wire, status, { ...headers, ...length });
        await this.wire.write(bytes);
        await this.wire.end();
    }

    #closed() {
        const { record, res } = this;
        if (record.outcome === undefined) {
            record.outcome = res.writableFinished ? 'done' : 'aborted';
        }
        record.ended = Date.now();
        this.sim.records.ended(record);
    }
}


export function answerBody({ body, body_base64 }) {
    if (body_base64 !== undefined) {
        return Buffer.from(body_base64, 'base64');
    }
    if (body === undefined) {
        return undefined;
    }
    return Buffer.from(typeof body === 'string' ? body
        : JSON.stringify(body));
}
