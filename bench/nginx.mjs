// The nginx instances of the benchmark: configuration, start, stop, figures.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// nginx and the programs end with their standard input, so nothing is left
// behind even when this process is killed.
const GUARD = '"$@" & pid=$!; cat > /dev/null; kill "$pid"; wait "$pid"';

export const variants = {
    a: {
        name: 'plain proxy_pass',
        path: '/stream',
        format: 'stream',
        calls: 1,
    },
    b: {
        name: 'plain, two upstream requests',
        path: '/chat',
        format: 'chat',
        calls: 2,
    },
    c: {
        name: 'ngx_qwen',
        path: '/v1/chat/completions',
        format: 'openai',
        calls: 2,
    },
};

const key = 'sk-bench-0123456789abcdef';

const PROXY = `
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
        proxy_buffer_size 8k;
        proxy_read_timeout 600s;`;

function locations(variant, options) {
    switch (variant) {
    case 'a':
        return `
        location = /stream {
            proxy_pass http://qwen_web/api/v2/chat/completions;
        }`;

    case 'b':
        return `
        addition_types text/event-stream;
        location = /chat {
            add_before_body /new_chat;
            proxy_pass http://qwen_web/api/v2/chat/completions;
        }
        location = /new_chat {
            internal;
            proxy_method POST;
            proxy_set_body '{"title":"New Chat","models":["qwen3-max"],'
                '"chat_mode":"normal","chat_type":"t2t",'
                '"timestamp":1700000000000,"project_id":""}';
            proxy_pass http://qwen_web/api/v2/chats/new;
        }`.replace(/'\n\s*'/g, '');

    default:
        return `
        qwen_max_upstream_body off;
        ${upstreamInclude(options.include)}
        location /v1/ {
            qwen_api openai;
            error_page 400 408 413 429 500 502 503 504 /.qwen/error;
        }`;
    }
}

// The include that is shipped, for an upstream without TLS.
function upstreamInclude(file) {
    return fs.readFileSync(file, 'utf8')
        .replace(/^\s*proxy_ssl_[^;]*;/gm, '')
        .replace(/(proxy_pass\s+)https:/, '$1http:');
}

function configuration(variant, options, port) {
    const module = variant === 'c';
    const bits = options.cpus ? (1 << options.cpus[0]).toString(2) : '';

    return `${module ? `load_module ${options.module};` : ''}
daemon off;
pid nginx.pid;
worker_processes 1;
worker_rlimit_nofile ${options.files};
${bits ? `worker_cpu_affinity ${bits};` : ''}
events {
    worker_connections ${options.files};
}
http {
    access_log off;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    client_max_body_size 64m;
    client_body_buffer_size 16m;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    ${module ? `qwen_zone qwen 16m;
    qwen_key ${key};
    qwen_account bench@example.com:password;` : ''}

    upstream qwen_web {
        server 127.0.0.1:${options.upstreamPort};
        keepalive 256;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }

    server {
        listen 127.0.0.1:${port} backlog=4096;
${module ? '' : PROXY}
${locations(variant, options)}
    }
}
`;
}

function children(pid) {
    const found = [];

    for (const name of fs.readdirSync('/proc')) {
        if (!/^\d+$/.test(name)) {
            continue;
        }

        try {
            const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
            const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');

            if (Number(fields[1]) === pid) {
                found.push(Number(name));
            }
        } catch {
            // the process has ended
        }
    }

    return found;
}

export function guarded(command, args, stdio = ['pipe', 'inherit', 'inherit']) {
    return spawn('/bin/sh', ['-c', GUARD, 'guard', command, ...args],
                 { stdio });
}

export async function listening(port, child) {
    for (let i = 0; i < 500; i++) {
        const open = await new Promise((resolve) => {
            const socket = net.connect(port, '127.0.0.1');
            socket.on('connect', () => { socket.destroy(); resolve(true); });
            socket.on('error', () => resolve(false));
        });

        if (open) {
            return;
        }

        if (child.exitCode !== null) {
            break;
        }

        await sleep(10);
    }

    throw new Error(`nothing listens on port ${port}`);
}

export class Nginx {
    static async start(variant, options, port) {
        const nginx = new Nginx();
        const dir = path.join(options.dir, variant);

        fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
        fs.rmSync(path.join(dir, 'nginx.pid'), { force: true });
        fs.writeFileSync(path.join(dir, 'nginx.conf'),
                         configuration(variant, options, port));

        nginx.variant = variant;
        nginx.port = port;
        nginx.key = key;
        nginx.log = path.join(dir, 'error.log');
        nginx.child = guarded(options.nginx, [
            '-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', nginx.log,
            '-g', `error_log ${nginx.log} warn;`]);

        try {
            await listening(port, nginx.child);
        } catch (error) {
            process.stderr.write(fs.readFileSync(nginx.log, 'utf8'));
            throw error;
        }

        const master = Number(fs.readFileSync(path.join(dir, 'nginx.pid')));

        for (let i = 0; i < 100; i++) {
            [nginx.worker] = children(master);
            if (nginx.worker) {
                break;
            }
            await sleep(10);
        }

        return nginx;
    }

    async stop() {
        const ended = new Promise((resolve) => {
            this.child.on('exit', resolve);
        });

        this.child.stdin.end();
        await ended;
    }

    // CPU time of the worker in ns.
    cpu() {
        const text = fs.readFileSync(`/proc/${this.worker}/schedstat`, 'utf8');
        const time = Number(text.split(' ')[0]);

        if (time > 0) {
            return time;
        }

        // a kernel without scheduler statistics: ticks of 10 ms
        const stat = fs.readFileSync(`/proc/${this.worker}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');

        return (Number(fields[11]) + Number(fields[12])) * 1e7;
    }

    #kilobytes(file, name) {
        const text = fs.readFileSync(`/proc/${this.worker}/${file}`, 'utf8');

        return Number(text.match(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm'))[1])
               * 1024;
    }

    pss() {
        return this.#kilobytes('smaps_rollup', 'Pss');
    }

    rss() {
        return this.#kilobytes('status', 'VmRSS');
    }

    peak() {
        return this.#kilobytes('status', 'VmHWM');
    }
}
