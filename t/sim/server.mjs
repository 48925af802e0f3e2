// The simulator as a server: routing, and the order in which a request is
// judged.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { Accounts } from './accounts.mjs';
import { Behaviours, checked, directive } from './behaviour.mjs';
import { Chats } from './chats.mjs';
import { checkCompletion, checkNewChat, checkSignin, headerNotes }
    from './checks.mjs';
import { admitChat, admitCompletion, admitNewChat, completion,
    completionText, deleteChat, newChat, showChat } from './completion.mjs';
import { control } from './control.mjs';
import { Exchange, answerBody } from './exchange.mjs';
import { faultAnswer, isConnectionFault, isStreamFault, refusal }
    from './faults.mjs';
import { DEFAULT_MODELS } from './models.mjs';
import { Records } from './records.mjs';

const CHAT_PATH = /^\/api\/v2\/chats\/[^/]+$/;

// Further calls (uploads, tasks, the CLI API) are further rows.
const ROUTES = [
    {
        call: 'signin', method: 'POST', path: /^\/api\/v1\/auths\/signin$/,
        open: true, check: checkSignin, run: signIn,
    },
    {
        call: 'token', method: 'GET', path: /^\/api\/v1\/auths\/?$/,
        run: showAccount,
    },
    {
        call: 'models', method: 'GET',
        path: /^\/api\/(models|v2\/models)\/?$/, run: showModels,
    },
    {
        call: 'new_chat', method: 'POST', path: /^\/api\/v2\/chats\/new$/,
        check: checkNewChat, admit: admitNewChat, run: newChat,
    },
    {
        call: 'completion', method: 'POST',
        path: /^\/api\/v2\/chat\/completions$/,
        check: checkCompletion, admit: admitCompletion, run: completion,
    },
    {
        call: 'chat', method: 'GET', path: CHAT_PATH, admit: admitChat,
        run: showChat,
    },
    {
        call: 'delete', method: 'DELETE', path: CHAT_PATH,
        admit: admitChat, run: deleteChat,
    },
];

export const DEFAULT_SETTINGS = {
    any_account: false,
    token_life: 21600,
    max_body: 128 * 1024,
    wall_status: 200,
    unauthorized: 'unauthorized-401',
    signin_refusal: 400,
    keep_alive: 75000,
    model_check: 'both',
    model_refusal: 'not-found-200',
    models: DEFAULT_MODELS,
};


// All that the simulator knows.
class Simulator {
    constructor({ accounts = [], behaviours = [], ...settings }) {
        this.start = { accounts, behaviours, settings };
        this.settings = {};
        this.accounts = new Accounts(this.settings);
        this.behaviours = new Behaviours();
        this.chats = new Chats();
        this.records = new Records();
        this.reset();
    }

    reset(keepAccounts = false) {
        Object.assign(this.settings, DEFAULT_SETTINGS, this.start.settings);
        this.behaviours.clear();
        this.behaviours.setStanding(this.start.behaviours);
        this.records.clear();
        this.records.clearStats();
        if (!keepAccounts) {
            this.chats.clear();
            this.accounts.clear();
            for (const account of this.start.accounts) {
                this.accounts.put(account);
            }
        }
    }
}


async function signIn(exchange) {
    const { sim, body, behaviour } = exchange;
    const done = sim.accounts.signIn(body.email, body.password,
        behaviour.token);
    if (done === null) {
        const { json } = faultAnswer({ fault: 'signin-refused' });
        await exchange.refuse(sim.settings.signin_refusal, json,
            'wrong email or password');
        return;
    }
    await exchange.json(200, {
        id: done.account.id,
        email: body.email,
        name: body.email.split('@')[0],
        role: 'user',
        profile_image_url: '/static/user.png',
        token: done.token,
        token_type: 'Bearer',
        expires_at: done.exp,
    });
}


async function showAccount(exchange) {
    const { id, email } = exchange.account;
    await exchange.json(200, {
        id, email, name: email.split('@')[0], role: 'user',
    });
}


async function showModels(exchange) {
    await exchange.json(200, { data: exchange.sim.settings.models });
}


function bearer(headers) {
    return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
}


// { status, json, reason } when the token does not admit the request.
function tokenRefusal(exchange) {
    const { sim, req, record } = exchange;
    const token = bearer(req.headers);
    record.email = sim.accounts.owner(token)?.email;
    exchange.account = sim.accounts.check(token);
    if (exchange.account !== undefined) {
        return undefined;
    }
    return {
        ...faultAnswer({ fault: sim.settings.unauthorized }),
        reason: record.email === undefined ? 'unknown token'
            : 'expired token',
    };
}


function badRequest(reason) {
    return { status: 400, json: refusal('Bad_Request', reason), reason };
}


function bodyRefusal(exchange, { method, check }) {
    if (method !== 'POST') {
        return undefined;
    }
    const type = exchange.req.headers['content-type'] ?? '';
    if (!/^application\/json *(;|$)/i.test(type)) {
        return badRequest('content-type: application/json expected');
    }
    try {
        const decoder = new TextDecoder('utf-8', { fatal: true });
        exchange.body = JSON.parse(decoder.decode(exchange.body));
    } catch {
        return badRequest('the body is no JSON in UTF-8');
    }
    exchange.record.body = exchange.body;
    if (exchange.body === null || typeof exchange.body !== 'object') {
        return badRequest('the body is no object');
    }
    const reason = check(exchange.body, exchange.record.query);
    return reason === undefined ? undefined : badRequest(reason);
}


// The behaviours that a request brings along itself.
function ownBehaviours(exchange) {
    const own = [];
    const header = exchange.req.headers['x-sim'];
    if (header !== undefined) {
        own.push(checked(JSON.parse(header)));
    }
    if (exchange.call === 'completion') {
        const content = completionText(exchange.body);
        const found = directive(content);
        exchange.record.content = content;
        exchange.rest = found?.rest ?? content;
        own.push(...found === null ? [] : [found.behaviour]);
    }
    return own;
}


function chooseBehaviour(exchange) {
    const { record, body, call } = exchange;
    const own = ownBehaviours(exchange);
    record.email ??= body?.email;
    exchange.behaviour = exchange.sim.behaviours.take({
        call, path: record.path, email: record.email,
        model: body?.model ?? body?.models?.[0], content: record.content,
    }, own);
    record.behaviour = exchange.behaviour;
}


// Faults and verbatim answers that come instead of the call's own.
async function answeredOtherwise(exchange) {
    const { behaviour, call, wire, record } = exchange;
    const { fault } = behaviour;
    const streams = call === 'completion';
    if (fault !== undefined && !(streams && isStreamFault(behaviour))) {
        if (fault === 'time-out') {
            await wire.pause(null);
        } else if (isConnectionFault(fault)) {
            record.outcome = 'broken';
            await wire.breakOff(fault === 'reset' ? 'reset' : 'cut');
        } else {
            await exchange.fault(faultAnswer(behaviour));
        }
        return true;
    }
    const bytes = answerBody(behaviour);
    if (bytes === undefined) {
        return false;
    }
    await exchange.raw(streams ? 'text/event-stream' : 'application/json',
        bytes);
    return true;
}


async function serve(exchange, route) {
    if (!await exchange.readBody()) {
        return;
    }
    const { record, req } = exchange;
    record.notes = headerNotes(route.call, req.headers,
        bearer(req.headers));
    const refused = (route.open ? undefined : tokenRefusal(exchange))
        ?? bodyRefusal(exchange, route)
        ?? route.admit?.(exchange);
    if (refused !== undefined) {
        await exchange.refuse(refused.status, refused.json, refused.reason);
        return;
    }
    try {
        chooseBehaviour(exchange);
    } catch (error) {
        const { status, json } = badRequest(`behaviour: ${error.message}`);
        await exchange.refuse(status, json, `behaviour: ${error.message}`);
        return;
    }
    if (exchange.behaviour.delay > 0) {
        await exchange.wire.pause(exchange.behaviour.delay);
    }
    if (!exchange.wire.gone && !await answeredOtherwise(exchange)) {
        await route.run(exchange);
    }
}


async function handle(sim, req, res) {
    const url = new URL(req.url.replace(/^\/+/, '/'), 'http://simulator');
    if (url.pathname.startsWith('/_sim/')) {
        await control(sim, req, res, url);
        return;
    }
    const routes = ROUTES.filter(({ path }) => path.test(url.pathname));
    const route = routes.find(({ method }) => method === req.method);
    const exchange = new Exchange(sim, req, res, url,
        route?.call ?? 'unknown');
    if (route !== undefined) {
        await serve(exchange, route);
    } else if (await exchange.readBody()) {
        const status = routes.length > 0 ? 405 : 404;
        await exchange.refuse(status, { detail: 'Not Found' },
            'unknown path or method');
    }
}


function logLine({ time, ended, method, path, email, status, outcome,
    refused, sent }) {
    const date = new Date(time).toISOString();
    const parts = [date, method, path, email ?? '-', status ?? '-', outcome,
        `${ended - time}ms`];
    if (sent !== undefined) {
        parts.push(`${sent.events} events`);
    }
    if (refused !== undefined) {
        parts.push(`refused: ${refused}`);
    }
    return parts.join(' ');
}


function fail(res, error) {
    process.stderr.write(`simulator: ${error.stack}\n`);
    if (res.headersSent) {
        res.destroy();
    } else {
        res.writeHead(500, { 'Content-Type': 'text/plain' });
        res.end(`simulator: ${error.message}\n`);
    }
}


// options: { host, port, tls: { cert, key }, log: (line) => {}, accounts:
// [{ email, password, token_life }], behaviours: [...] } and settings.
// Gives { url, port, close() } and more for tests in the same process.
export async function startSimulator(options = {}) {
    const { host = '127.0.0.1', port = 0, tls, log, ...rest } = options;
    const sim = new Simulator(rest);
    sim.records.onEnd = log && ((record) => log(logLine(record)));
    const server = tls === undefined ? http.createServer()
        : https.createServer(tls);
    Object.assign(server, { requestTimeout: 0, headersTimeout: 0 });
    server.on('connection', (socket) => {
        sim.records.stats.connections++;
        socket.setNoDelay(true);
    });
    let serial = 0;
    server.on(tls ? 'secureConnection' : 'connection', (socket) => {
        socket.serial = ++serial;
    });
    server.on('request', (req, res) => {
        server.keepAliveTimeout = sim.settings.keep_alive;
        handle(sim, req, res).catch((error) => fail(res, error));
    });
    server.listen({ port, host, backlog: 4096 });
    await once(server, 'listening');
    const bound = server.address().port;
    return {
        sim, server, port: bound,
        url: `${tls ? 'https' : 'http'}://${host}:${bound}`,
        close() {
            server.closeAllConnections();
            return new Promise((resolve) => { server.close(resolve); });
        },
    };
}
