// A small client of the upstream for the simulator's own tests.

import { createHash, randomUUID } from 'node:crypto';
import net from 'node:net';
import { SimulatorClient } from './client.mjs';
import { startSimulator } from './server.mjs';

export const EMAIL = 'anna@example.com';
export const PASSWORD = 'pa:ss,wörd';
export const MODEL = 'qwen3-max';


export function sha256(text) {
    return createHash('sha256').update(text).digest('hex');
}


// A simulator with two accounts that ends with the test.
export async function begin(t, options = {}) {
    const simulator = await startSimulator({
        accounts: [
            { email: EMAIL, password: PASSWORD },
            { email: 'bob@example.com', password: PASSWORD },
        ],
        ...options,
    });
    t.after(() => simulator.close());
    return {
        ...simulator, client: new SimulatorClient(simulator.url),
    };
}


export function post(simulator, path, body, token, headers = {}) {
    return fetch(simulator.url + path, {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            ...token === undefined ? {}
                : { Authorization: `Bearer ${token}` },
            ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
    });
}


export function signIn(simulator, email = EMAIL, password = PASSWORD) {
    return post(simulator, '/api/v1/auths/signin',
        { email, password: sha256(password) });
}


export function newChatBody(model = MODEL, chat_type = 't2t') {
    return {
        title: 'New Chat', models: [model], chat_mode: 'normal', chat_type,
        timestamp: Date.now(), project_id: '',
    };
}


export function completionBody(chat_id, content, more = {}) {
    const { model = MODEL, chat_type = 't2t', ...features } = more;
    const timestamp = Math.floor(Date.now() / 1000);
    return {
        stream: true, version: '2.1', incremental_output: true, chat_id,
        chat_mode: 'normal', model, parent_id: null, timestamp,
        messages: [{
            fid: randomUUID(), parentId: null, parent_id: null,
            childrenIds: [randomUUID()], role: 'user', content,
            user_action: 'chat', files: [], timestamp, models: [model],
            chat_type, sub_chat_type: chat_type,
            feature_config: {
                thinking_enabled: false, output_schema: 'phase',
                research_mode: 'normal', auto_thinking: false,
                thinking_mode: 'Auto', thinking_format: 'summary',
                auto_search: false, code_interpreter: false,
                plugins_enabled: false, function_calling: false,
                ...features,
            },
            extra: { meta: { subChatType: chat_type } },
        }],
    };
}


// Signs in and opens a chat.
export async function open(simulator, email = EMAIL) {
    const { token } = await (await signIn(simulator, email)).json();
    const made = await post(simulator, '/api/v2/chats/new', newChatBody(),
        token);
    const { data } = await made.json();
    return { token, chatId: data.id };
}


export function send(simulator, { token, chatId }, body, options = {}) {
    return fetch(`${simulator.url}/api/v2/chat/completions?chat_id=${
        chatId}`, {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            'Accept': 'text/event-stream',
            'Authorization': `Bearer ${token}`,
            ...options.headers,
        },
        body: JSON.stringify(body),
        signal: options.signal,
    });
}


// A completion in a new chat; behaviour goes into its text.
export async function ask(simulator, content, behaviour, more, options) {
    const chat = await open(simulator);
    const directive = behaviour === undefined ? ''
        : `[[sim:${JSON.stringify(behaviour)}]]`;
    return send(simulator, chat,
        completionBody(chat.chatId, content + directive, more), options);
}


// The events of a whole stream, in any line ends, as objects where they can
// be read.
export function events(bytes) {
    const text = Buffer.from(bytes).toString('utf8')
        .replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
    return text.split('\n\n').filter((block) => block !== '')
        .map((block) => block.split('\n')
            .filter((line) => line.startsWith('data:'))
            .map((line) => line.slice(5).replace(/^ /, '')).join('\n'))
        .map(parsed);
}


function parsed(data) {
    try {
        return JSON.parse(data);
    } catch {
        return data;
    }
}


export async function read(response) {
    return events(await response.arrayBuffer());
}


export function deltas(list) {
    return list.map((event) => event?.choices?.[0]?.delta)
        .filter((delta) => delta !== undefined);
}


export function answerText(list) {
    return deltas(list).filter((delta) => delta.phase === 'answer')
        .map((delta) => delta.content).join('');
}


// The bytes of a completion's answer, chunk by chunk as they were framed.
export async function chunks(simulator, content, behaviour) {
    const chat = await open(simulator);
    const body = JSON.stringify(completionBody(chat.chatId,
        `${content}[[sim:${JSON.stringify(behaviour)}]]`));
    const head = [
        `POST /api/v2/chat/completions?chat_id=${chat.chatId} HTTP/1.1`,
        'Host: simulator', 'Content-Type: application/json',
        `Authorization: Bearer ${chat.token}`, 'Connection: close',
        `Content-Length: ${Buffer.byteLength(body)}`, '', '',
    ].join('\r\n');
    return dechunk(await exchange(simulator.port, head + body));
}


function exchange(port, request) {
    return new Promise((resolve, reject) => {
        const parts = [];
        const socket = net.connect(port, '127.0.0.1');
        socket.on('data', (part) => parts.push(part));
        socket.on('end', () => resolve(Buffer.concat(parts)));
        socket.on('error', reject);
        socket.write(request);
    });
}


function dechunk(bytes) {
    let at = bytes.indexOf('\r\n\r\n') + 4;
    const list = [];
    for (;;) {
        const line = bytes.indexOf('\r\n', at);
        const size = parseInt(bytes.subarray(at, line).toString(), 16);
        if (!(size > 0)) {
            return list;
        }
        list.push(bytes.subarray(line + 2, line + 2 + size));
        at = line + 2 + size + 2;
    }
}
