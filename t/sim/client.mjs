// The control API for tests in JavaScript.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('sim.mjs', import.meta.url));


export class SimulatorClient {
    constructor(url) {
        this.url = url;
    }

    // Behaviours for the next requests that match.
    next(behaviours, match) {
        return this.#ask('POST', 'next',
            { behaviours: [behaviours].flat(), match });
    }

    clearNext() {
        return this.#ask('DELETE', 'next');
    }

    // Settings, and behaviours that stand until changed.
    set(settings) {
        return this.#ask('POST', 'set', settings);
    }

    settings() {
        return this.#ask('GET', 'settings');
    }

    accounts() {
        return this.#ask('GET', 'accounts');
    }

    putAccounts(accounts) {
        return this.#ask('POST', 'accounts', { accounts });
    }

    revoke(email) {
        return this.#ask('POST', 'revoke', { email });
    }

    chats() {
        return this.#ask('GET', 'chats');
    }

    // query: { call, email, after }
    requests(query = {}) {
        return this.#ask('GET', `requests?${new URLSearchParams(query)}`);
    }

    clearRequests() {
        return this.#ask('DELETE', 'requests');
    }

    stats() {
        return this.#ask('GET', 'stats');
    }

    reset(options = {}) {
        return this.#ask('POST', 'reset', options);
    }

    async #ask(method, path, body) {
        const answer = await fetch(`${this.url}/_sim/${path}`, {
            method,
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const json = await answer.json();
        if (!answer.ok) {
            throw new Error(json.error);
        }
        return json;
    }
}


// Starts the program: { url, port, client, process, stop() }.  It ends with
// this process.
export async function spawnSimulator(args = []) {
    const child = spawn(process.execPath,
        [PROGRAM, '--quiet', '--exit-with-stdin', ...args],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    const url = await listeningUrl(child);
    return {
        url,
        port: Number(new URL(url).port),
        client: new SimulatorClient(url),
        process: child,
        async stop() {
            if (child.exitCode === null && child.signalCode === null) {
                child.kill('SIGTERM');
                await once(child, 'exit');
            }
        },
    };
}


function listeningUrl(child) {
    return new Promise((resolve, reject) => {
        let text = '';
        child.stdout.on('data', (part) => {
            text += part;
            const found = /listening on (\S+)\n/.exec(text);
            if (found) {
                resolve(found[1]);
            }
        });
        child.on('exit', () => reject(new Error('no simulator: ' + text)));
    });
}
