// A gateway for tests: the simulator in this process, and nginx with the
// configuration files that are shipped, in which only addresses, paths and
// secrets are put in.
//
// TEST_NGINX_BINARY is nginx, TEST_NGINX_LOAD_MODULES the module, empty where
// it is linked in.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync,
    writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { SimulatorClient } from '../sim/client.mjs';
import { startSimulator } from '../sim/server.mjs';
import { Recorder } from './recorder.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIRST_PORT = 24000;
const LAST_PORT = 24999;

// Sanitizers are slow.
const START_TIMEOUT = 30000;
const STOP_TIMEOUT = 20000;
const CALL_TIMEOUT = 60000;

const TROUBLE = / \[(alert|crit|emerg)\] |exited with code [1-9]/;

const running = new Set();


// The first result of `probe` that is not false; an error after `timeout`.
export async function until(probe, { timeout = 10000, what = probe } = {}) {
    for (const end = Date.now() + timeout; ;) {
        const result = await probe();
        if (result) {
            return result;
        }
        if (Date.now() > end) {
            throw new Error(`not within ${timeout} ms: ${what}`);
        }
        await sleep(20);
    }
}


function sha256(text) {
    return createHash('sha256').update(text).digest('hex');
}


// Below the range that connections take their ports from.
async function freePort() {
    for (let tries = 0; tries < 100; tries++) {
        const port = FIRST_PORT
            + randomBytes(4).readUInt32LE() % (LAST_PORT - FIRST_PORT + 1);
        const server = net.createServer();
        try {
            server.listen({ port, host: '127.0.0.1' });
            await once(server, 'listening');
            return port;
        } catch {
            continue;
        } finally {
            server.close();
        }
    }
    throw new Error('no free port');
}


// Puts values into a shipped file; each place must be there just once.
function substitute(file, places) {
    let text = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [pattern, value] of places) {
        const found = text.match(new RegExp(pattern, `${pattern.flags}g`));
        assert.equal(found?.length, 1, `${pattern} in ${file}`);
        text = text.replace(pattern, value);
    }
    return text;
}


function upstreamConf({ scheme, port, certificates, upstream }) {
    return substitute('conf/qwen_upstream.conf', [
        [/https:(?=\/\/qwen_web\/)/, `${scheme}:`],
        [/(?<=proxy_set_header +Host +)chat\.qwen\.ai;/,
            `127.0.0.1:${port};`],
        [/(?<=proxy_ssl_trusted_certificate +)[^;]+/, (old) =>
            certificates ?? old],
        ...upstream,
    ]);
}


function nginxConf({ dir, ports, port, workers, http, places }) {
    const modules = (process.env.TEST_NGINX_LOAD_MODULES ?? '').split(' ')
        .filter((name) => name !== '');
    return substitute('nginx.conf.example', [
        [/^load_module .*;$/m, () => modules.map((name) =>
            `load_module "${name}";`).join('\n')],
        [/(?<=^worker_processes +)1(?=;)/m, workers],
        [/(?<=^pid +)\S+(?=;)/m, `${dir}/nginx.pid`],
        [/(?<=^error_log +)[^;]+(?=;)/m, `${dir}/error.log info`],
        [/(?<=access_log +)\S+/, `${dir}/access.log`],
        [/(?<=server +)chat\.qwen\.ai:443;/, `127.0.0.1:${port};`],
        [/(?<=\n( *))listen +127\.0\.0\.1:3000;/,
            `listen 127.0.0.1:${ports[0]};\n        `
            + `listen 127.0.0.1:${ports[1]} http2;`],
        [/(?<=http {\n)/, [...temporaryPaths(dir), ...http]
            .map((line) => `    ${line}\n`).join('')],
        ...places,
    ]);
}


function temporaryPaths(dir) {
    return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) =>
        `${name}_temp_path ${dir}/${name};`);
}


function accountList(accounts) {
    return Array.from({ length: accounts }, (_, i) => ({
        email: `account${i + 1}@example.com`,
        password: `pass:word,${i + 1}-${randomBytes(8).toString('hex')}`,
    }));
}


// options:
//   accounts    how many, 3 by default
//   workers     4 by default
//   simulator   options of startSimulator()
//   http        directives for the "http" block
//   places      further substitutions [pattern, value] in nginx.conf.example
//   upstream    the same in conf/qwen_upstream.conf
//   certificates  the file for proxy_ssl_trusted_certificate
export async function startGateway(options = {}) {
    const accounts = accountList(options.accounts ?? 3);
    const simulator = await startSimulator({
        accounts, ...options.simulator,
    });
    const gateway = new Gateway(simulator, accounts, options);
    try {
        await gateway.start();
    } catch (error) {
        await gateway.end();
        throw error;
    }
    return gateway;
}


// A gateway that ends with the test.
export async function gatewayFor(t, options) {
    const gateway = await startGateway(options);
    t.after(() => gateway.stop());
    return gateway;
}


class Gateway {
    #stderr = '';
    #secrets = new Set();

    constructor(simulator, accounts, options) {
        this.dir = mkdtempSync(path.join(tmpdir(), 'ngx_qwen_e2e-'));
        this.options = options;
        this.accounts = accounts;
        this.simulator = simulator;
        this.sim = new SimulatorClient(simulator.url);
        this.adminKey = this.secret(`sk-admin-${sha256(this.dir)}`);
        this.key = this.secret(`sk-user-${randomBytes(12).toString('hex')}`);
        for (const { password } of accounts) {
            this.secret(password);
            this.secret(sha256(password));
        }
        this.recorder = new Recorder();
    }

    // Tells that a text must not show up in any log.
    secret(text) {
        this.#secrets.add(text);
        return text;
    }

    async start() {
        this.ports = [await freePort(), await freePort()];
        this.url = `http://127.0.0.1:${this.ports[0]}`;
        this.http2Url = `http://127.0.0.1:${this.ports[1]}`;
        this.#configure();
        this.nginx = spawn(process.env.TEST_NGINX_BINARY ?? 'nginx',
            ['-p', this.dir, '-c', `${this.dir}/nginx.conf`,
                '-e', `${this.dir}/error.log`, '-g', 'daemon off;'],
            { stdio: ['ignore', 'inherit', 'pipe'] });
        running.add(this.nginx);
        this.nginx.stderr.on('data', (part) => { this.#stderr += part; });
        this.exited = once(this.nginx, 'exit');
        this.exited.then(() => running.delete(this.nginx), () => {});
        await until(() => this.#listens(), {
            timeout: START_TIMEOUT, what: 'nginx listens',
        });
    }

    #configure() {
        const { dir, ports, simulator: { port }, options } = this;
        const { workers = 4, http = [], places = [], upstream = [] }
            = options;
        const scheme = options.simulator?.tls ? 'https' : 'http';
        chmodSync(dir, 0o755);
        writeFileSync(`${dir}/qwen_upstream.conf`, upstreamConf({
            scheme, port, certificates: options.certificates, upstream,
        }));
        writeFileSync(`${dir}/nginx.conf`, nginxConf({
            dir, ports, port, workers, http, places,
        }));
        writeFileSync(`${dir}/qwen_keys`,
            `${this.adminKey} admin\n${this.key}\n`, { mode: 0o600 });
        writeFileSync(`${dir}/qwen_accounts`, this.accounts.map(
            ({ email, password }) => `${email}:${password}\n`).join(''),
        { mode: 0o600 });
    }

    async #listens() {
        if (this.nginx.exitCode !== null) {
            throw new Error(`nginx did not start: ${this.#stderr}`);
        }
        const socket = net.connect(this.ports[0], '127.0.0.1');
        try {
            await once(socket, 'connect');
            return true;
        } catch {
            return false;
        } finally {
            socket.destroy();
        }
    }

    // An unmodified client; what it gets is kept for the checks of a file's
    // last tests.
    client(options = {}) {
        return new OpenAI({
            apiKey: this.key,
            baseURL: `${this.url}/v1`,
            maxRetries: 0,
            timeout: CALL_TIMEOUT,
            fetch: this.recorder.fetch,
            ...options,
        });
    }

    addKey(line) {
        appendFileSync(`${this.dir}/qwen_keys`, `${line}\n`);
    }

    signal(name) {
        this.nginx.kill(name);
    }

    workers() {
        const { pid } = this.nginx;
        const children = readFileSync(
            `/proc/${pid}/task/${pid}/children`, 'utf8');
        return children.split(' ').filter((text) => text !== '')
            .map(Number);
    }

    // The last request of a call at the upstream.
    async lastRequest(call = 'completion') {
        const list = await this.sim.requests({ call });
        return list.at(-1);
    }

    accessLog() {
        return readFileSync(`${this.dir}/access.log`, 'utf8').split('\n')
            .filter((line) => line !== '').map((line) => JSON.parse(line));
    }

    // Stops by a graceful shutdown, which ends only when no request and no
    // timer is left over; then looks into the logs.
    async stop() {
        try {
            await this.#rememberTokens();
            this.signal('SIGQUIT');
            const stopped = await Promise.race([
                this.exited.then(([code]) => code ?? 'a signal'),
                sleep(STOP_TIMEOUT, 'still running', { ref: false }),
            ]);
            this.#checkLogs();
            assert.equal(stopped, 0, 'nginx ends when it is told to');
        } finally {
            await this.end();
        }
    }

    // Without any check.
    async end() {
        if (this.nginx && running.has(this.nginx)) {
            this.nginx.kill('SIGTERM');
            await this.exited;
        }
        await this.simulator.close();
        rmSync(this.dir, { recursive: true, force: true });
    }

    async #rememberTokens() {
        for (const { tokens } of await this.sim.accounts()) {
            tokens.forEach((token) => this.secret(token));
        }
        for (const { headers } of await this.sim.requests()) {
            const token = headers.authorization?.replace('Bearer ', '');
            this.#secrets.add(token ?? this.key);
        }
    }

    #checkLogs() {
        for (const name of ['error.log', 'access.log']) {
            const text = readFileSync(`${this.dir}/${name}`, 'utf8');
            this.#checkSecrets(name, text);
            assert.deepEqual(text.split('\n').filter((line) =>
                TROUBLE.test(line)), [], name);
        }
        this.#checkSecrets('what nginx printed', this.#stderr);
    }

    #checkSecrets(where, text) {
        for (const secret of this.#secrets) {
            assert.ok(!text.includes(secret), `a secret in ${where}: `
                + text.split('\n').find((line) => line.includes(secret)));
        }
        for (const { email } of this.accounts) {
            assert.ok(!text.includes(email), `an email in ${where}`);
        }
    }
}


// nginx does not outlive this process.
function killAll() {
    for (const nginx of running) {
        nginx.kill('SIGTERM');
    }
}

process.on('exit', killAll);

for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143]]) {
    process.on(name, () => process.exit(code));
}
