// Runs the benchmark and prints its table; see README.md.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Nginx, guarded, listening, variants } from './nginx.mjs';
import { printFigures, printTable } from './table.mjs';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url)
                                                     .pathname);
const top = path.dirname(here);

const { values: given } = parseArgs({
    options: {
        only: { type: 'string' },
        variants: { type: 'string', default: 'a,b,c' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        nginx: { type: 'string', default: process.env.NGINX ?? 'nginx' },
        module: {
            type: 'string',
            default: path.join(top, 'build', 'ngx_http_qwen_module.so'),
        },
        port: { type: 'string', default: '22000' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
    },
});

const LOCKSTEP = -1;
const ROUNDS = 9;

// "count" is the requests of a round, "warm" those before the first round.
const scenarios = [
    {
        name: 'single',
        title: '2,000 events x 12 B, one per read',
        events: 2000, size: 12, connections: 16, count: 16, warm: 16,
        per: 'event',
        rows: [{ of: 'cpu', label: 'CPU per event', base: 'a', bar: 1.25 }],
    },
    {
        name: 'grouped',
        title: '2,000 events x 12 B, 16 per read',
        events: 2000, size: 12, group: 16, connections: 16, count: 96,
        warm: 32, per: 'event',
        rows: [{ of: 'cpu', label: 'CPU per event', base: 'a', bar: 2.0 }],
    },
    {
        name: 'text',
        title: '500 events x 1,000 B, UTF-8 and escapes',
        events: 500, size: 1000, mixed: true, connections: 16, count: 96,
        warm: 32, per: 'event',
        rows: [{ of: 'cpu', label: 'CPU per event', base: 'a', bar: 1.3 }],
    },
    {
        name: 'chat',
        title: '40-event chat, 32 clients',
        events: 40, size: 12, connections: 32, count: 800, warm: 320,
        per: 'request',
        rows: [{ of: 'cpu', label: 'CPU per request', base: 'b', bar: 1.3 }],
    },
    {
        name: 'open',
        title: '5,000 open streams, an event each second',
        events: 3600, size: 12, interval: 1000, connections: 5000,
        rounds: 5, run: openStreams,
        rows: [{ of: 'memory', label: 'PSS per stream', base: 'b', bar: 1.3 }],
    },
    {
        name: 'history',
        title: '8 MB of history in the body',
        events: 4, size: 12, connections: 1, count: 8, warm: 4,
        history: 8 << 20, per: 'request', run: history,
        rows: [
            { of: 'cpu', label: 'CPU per request', base: 'a', bar: 4 },
            { of: 'extra', label: 'extra memory / body', bar: 3 },
        ],
    },
    {
        name: 'first',
        title: 'time to first token, 100 paced streams',
        events: 20, size: 12, interval: 20, connections: 100, time: 2000,
        ramp: 400, warm: 200,
        rows: [
            {
                of: 'median', label: 'median', base: 'b', bar: 0.3,
                difference: true,
            },
            { of: 'p99', label: 'p99', base: 'b', bar: 1.5 },
        ],
    },
];

function usage() {
    console.log(`usage: bench/run [options]
  --only name,...      scenarios: ${scenarios.map((s) => s.name).join(' ')}
  --variants a,b,c     a: plain, b: plain with two requests, c: the module
  --rounds n           of each scenario, instead of 9 (open: 5)
  --quick              one short round, to see that it works
  --nginx program      the nginx to run
  --module file        the module to load into it
  --port n             the first of 8 ports on 127.0.0.1
  --json file          write all figures there`);
}

const build = (dir) => {
    const cc = process.env.CC ?? 'cc';
    const flags = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror'];
    const source = (name) => path.join(here, name);

    execFileSync(cc, [...flags, '-o', path.join(dir, 'upstream'),
                      ...['upstream.c', 'upstream_answer.c', 'common.c',
                          'script.c'].map(source)],
                 { stdio: 'inherit' });
    execFileSync(cc, [...flags, '-o', path.join(dir, 'load'),
                      ...['load.c', 'load_conn.c', 'check.c', 'common.c',
                          'script.c'].map(source)],
                 { stdio: 'inherit' });
};

// Two CPUs of those that this process may use: nginx gets the first, the
// programs the second.
const twoCpus = () => {
    const status = fs.readFileSync('/proc/self/status', 'utf8');
    const list = status.match(/^Cpus_allowed_list:\s*(.*)$/m)[1];
    const cpus = list.split(',').flatMap((range) => {
        const [from, to = from] = range.split('-').map(Number);
        return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });

    return cpus.length > 1 && cpus[1] < 31 ? cpus.slice(0, 2) : null;
};

const options = { only: given.only?.split(',') };

async function control(request) {
    const text = await new Promise((resolve, reject) => {
        http.get({
            host: '127.0.0.1', port: options.upstreamPort, agent: false,
            path: `/_bench/${request}`,
        }, (response) => {
            let body = '';
            response.on('data', (data) => { body += data; });
            response.on('end', () => resolve(body));
        }).on('error', reject);
    });

    return JSON.parse(text);
}

async function setUpstream(scenario) {
    const { events, size, mixed, group = 1, interval = LOCKSTEP } = scenario;

    for (let i = 0; i < 500; i++) {
        const answer = await control(
            `set?events=${events}&size=${size}&mixed=${mixed ? 1 : 0}` +
            `&group=${group}&interval=${interval}`);

        if (answer.success) {
            return;
        }

        await sleep(10);
    }

    throw new Error('the upstream still has streams of the last round');
}

function loadArguments(nginx, scenario, amount) {
    const { path: url, format } = variants[nginx.variant];
    const args = ['-p', nginx.port, '-u', url, '-f', format, '-k', nginx.key,
                  '-e', scenario.events, '-s', scenario.size,
                  '-g', scenario.group ?? 1, '-c', scenario.connections,
                  '-r', scenario.ramp ?? 0, '-b', scenario.history ?? 0,
                  '-C', options.cpus?.[1] ?? -1, ...amount];

    if (scenario.mixed) {
        args.push('-m');
    }

    if (scenario.interval === undefined) {
        args.push('-a', options.upstreamPort);
    }

    return args.map(String);
}

const spawnLoad = (args) => spawn(path.join(options.dir, 'load'), args,
                                  { stdio: ['pipe', 'pipe', 'inherit'] });

async function load(nginx, scenario, amount) {
    const child = spawnLoad(loadArguments(nginx, scenario, amount));
    let text = '';

    child.stdout.on('data', (data) => { text += data; });

    const code = await new Promise((resolve) => {
        child.on('close', resolve);
    });

    if (code !== 0) {
        throw new Error(`(${nginx.variant}) ${scenario.name}: ` +
                        'the load generator failed');
    }

    return JSON.parse(text);
}

// What must be true for the figures to mean what the table says.
function verify(nginx, scenario, result, before, after) {
    const delta = (name) => after[name] - before[name];
    const { calls } = variants[nginx.variant];
    const where = `(${nginx.variant}) ${scenario.name}`;

    if (delta('completions') !== result.requests || delta('refused')
        || delta('chats') !== (calls - 1) * result.requests)
    {
        throw new Error(`${where}: the upstream counts other requests: ` +
                        JSON.stringify(after));
    }

    // (c) folds the turns into one text, without their JSON
    const whole = nginx.variant === 'c' ? 0.9 * result.body : result.body;

    if (after.last_body < whole) {
        throw new Error(`${where}: the upstream got ${after.last_body} bytes`);
    }

    if (delta('connections') > calls * scenario.connections) {
        throw new Error(`${where}: upstream connections are not kept alive`);
    }

    if (scenario.interval === undefined && nginx.variant !== 'c') {
        const steps = Math.ceil(scenario.events / (scenario.group ?? 1)) + 1;
        const chunks = steps + calls;

        // nginx makes a chunk of what it got in one read, and one at the end
        if (result.http_chunks !== chunks * result.requests) {
            throw new Error(`${where}: ${result.http_chunks} reads of events ` +
                            `instead of ${chunks * result.requests}`);
        }
    }
}

async function measure(nginx, scenario, amount) {
    const before = await control('stats');
    const cpu = nginx.cpu();
    const result = await load(nginx, scenario, amount);
    const used = nginx.cpu() - cpu;
    const after = await control('stats');

    verify(nginx, scenario, result, before, after);

    const per = result.requests
                * (scenario.per === 'event' ? scenario.events : 1);

    return {
        cpu: used / per / 1e3,
        median: result.first.median,
        p99: result.first.p99,
        nginxBusy: used / result.wall,
        loadBusy: result.cpu / result.wall,
        upstreamBusy: (after.cpu - before.cpu) / result.wall,
        connections: after.connections - before.connections,
        calls: after.completions + after.chats
               - before.completions - before.chats,
        chunks: result.text_chunks / result.requests,
        httpChunks: result.http_chunks / result.requests,
    };
}

const amountOf = (scenario) => (scenario.time
    ? ['-t', options.quick ? 1000 : scenario.time]
    : ['-n', options.quick ? Math.max(scenario.count >> 3,
                                      scenario.connections)
                           : scenario.count]);

// Memory is that of a new worker: one that has served thousands of streams
// keeps what it once had.
async function fresh(nginx, scenario, run) {
    const other = await Nginx.start(nginx.variant,
                                    { ...options, dir: `${options.dir}/fresh` },
                                    nginx.port + 4);

    try {
        await setUpstream({ events: 4, size: 12 });
        await load(other, { ...scenario, events: 4, size: 12, history: 0,
                            interval: undefined, connections: 1 },
                   ['-n', 4]);
        await setUpstream(scenario);

        return await run(other);
    } finally {
        await other.stop();
        noteLog(other);
    }
}

async function openStreams(nginx, scenario) {
    return fresh(nginx, scenario, async (other) => {
        const before = other.pss();
        const child = spawnLoad(loadArguments(other, scenario, [
            '-n', scenario.connections, '-o']));
        const closed = new Promise((resolve) => {
            child.on('close', resolve);
        });
        const lines = createInterface({ input: child.stdout });
        const { value } = await lines[Symbol.asyncIterator]().next();

        if (value === undefined || !JSON.parse(value).open) {
            throw new Error(`(${nginx.variant}) open: streams fail`);
        }

        const memory = (other.pss() - before) / scenario.connections / 1024;

        child.stdin.end();

        if (await closed !== 0) {
            throw new Error(`(${nginx.variant}) open: a wrong answer`);
        }

        return { memory };
    });
}

async function history(nginx, scenario) {
    const figures = await measure(nginx, scenario, amountOf(scenario));

    figures.extra = await fresh(nginx, scenario, async (other) => {
        const before = other.rss();
        const result = await load(other, scenario, ['-n', 3]);

        return (other.peak() - before) / result.body;
    });

    return figures;
}

const logs = new Set();

function noteLog(nginx) {
    for (const line of fs.readFileSync(nginx.log, 'utf8').split('\n')) {
        // the load generator leaves open streams on purpose
        if (/\[(alert|crit|emerg|error)\]/.test(line)
            && !/\(104: |\(32: |prematurely closed/.test(line))
        {
            logs.add(`(${nginx.variant}) ${line}`);
        }
    }
}

async function runScenario(scenario, instances) {
    const rounds = options.rounds ?? scenario.rounds ?? ROUNDS;
    const figures = Object.fromEntries(instances.map((n) => [n.variant, []]));

    await setUpstream(scenario);

    for (const nginx of scenario.warm ? instances : []) {
        await load(nginx, scenario, ['-n', Math.max(scenario.warm,
                                                    scenario.connections)]);
    }

    for (let round = 0; round < rounds; round++) {
        for (const nginx of instances) {
            figures[nginx.variant].push(scenario.run
                ? await scenario.run(nginx, scenario)
                : await measure(nginx, scenario, amountOf(scenario)));

            await setUpstream(scenario);
        }
    }

    return figures;
}

function limitStreams() {
    const limit = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'],
                               { encoding: 'utf8' }).trim();
    const open = scenarios.find(({ name }) => name === 'open');

    options.files = limit === 'unlimited' ? 20000
                                          : Math.min(Number(limit), 20000);

    // in (b) and (c) only one of a stream's two requests is open at a time
    const most = Math.floor((options.files - 200) / 2);

    if (options.quick) {
        open.connections = Math.min(500, most);

    } else if (most < open.connections) {
        open.connections = most;
        console.log(`the limit of ${limit} files allows ${most} open streams`);
    }
}

async function main() {
    const started = Date.now();
    const chosen = scenarios.filter(
        ({ name }) => !options.only || options.only.includes(name));

    Object.assign(options, given, {
        quick: given.quick,
        rounds: given.quick ? 1 : given.rounds && Number(given.rounds),
        upstreamPort: Number(given.port),
        include: path.join(top, 'conf', 'qwen_upstream.conf'),
        cpus: twoCpus(),
        dir: fs.mkdtempSync(path.join(os.tmpdir(), 'ngx_qwen_bench-')),
    });

    process.on('exit', () => {
        fs.rmSync(options.dir, { recursive: true, force: true });
    });

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
        process.on(signal, () => process.exit(1));
    }

    fs.chmodSync(options.dir, 0o755);
    limitStreams();
    build(options.dir);

    if (given.variants.includes('c')) {

        // a build in the meantime must not change what is measured
        options.module = path.join(options.dir, 'module.so');
        fs.copyFileSync(given.module, options.module);
    }

    const upstream = spawn(
        path.join(options.dir, 'upstream'),
        [String(options.upstreamPort), String(options.cpus?.[1] ?? -1)],
        { stdio: ['pipe', 'inherit', 'inherit'] });
    const instances = [];
    const figures = {};

    try {
        await listening(options.upstreamPort, upstream);

        for (const [i, variant] of given.variants.split(',').entries()) {
            instances.push(await Nginx.start(variant, options,
                                             options.upstreamPort + 1 + i));
        }

        for (const scenario of chosen) {
            process.stderr.write(`${scenario.title} ...\n`);
            figures[scenario.name] = await runScenario(scenario, instances);
        }
    } finally {
        for (const nginx of instances) {
            await nginx.stop();
            noteLog(nginx);
        }

        upstream.stdin.end();
    }

    printTable(chosen, figures);
    printFigures(chosen, figures);

    if (given.json) {
        fs.writeFileSync(given.json, JSON.stringify(figures, null, 1));
    }

    for (const line of logs) {
        console.log(line);
    }

    console.log(`${Math.round((Date.now() - started) / 1000)} s`);

    if (logs.size) {
        process.exitCode = 1;
    }
}

if (given.help) {
    usage();
} else {
    await main();
}
