#!/usr/bin/env node
// The upstream simulator's command line; README.md tells all of it.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startSimulator } from './server.mjs';

const USAGE = `usage: node sim.mjs [options]
  --port n                  port (default 0: any free one)
  --host address            address (default 127.0.0.1)
  --tls cert key            speak https, with these PEM files
  --account email:password  an account; repeatable
  --account-file path       accounts, one email:password per line
  --any-account             accept every email unless its password is "wrong"
  --token-life seconds      life of a token (default 21600)
  --max-body bytes|off      larger bodies meet the wall (default 131072)
  --thinking-form form      think (default) or summary
  --port-file path          write the port there once it listens
  --exit-with-stdin         end when the standard input ends
  --quiet                   do not log requests
`;

const OPTIONS = {
    'port': { type: 'string', default: '0' },
    'host': { type: 'string' },
    'tls': { type: 'string' },
    'account': { type: 'string', multiple: true, default: [] },
    'account-file': { type: 'string' },
    'any-account': { type: 'boolean' },
    'token-life': { type: 'string' },
    'max-body': { type: 'string' },
    'thinking-form': { type: 'string' },
    'port-file': { type: 'string' },
    'exit-with-stdin': { type: 'boolean' },
    'quiet': { type: 'boolean' },
    'help': { type: 'boolean', short: 'h' },
};


function number(text, name) {
    if (!/^-?\d+$/.test(text)) {
        throw new Error(`--${name} "${text}": a number expected`);
    }
    return Number(text);
}


function account(text) {
    const colon = text.indexOf(':');
    if (colon < 1) {
        throw new Error('an account is written as email:password');
    }
    return { email: text.slice(0, colon), password: text.slice(colon + 1) };
}


function accounts(values) {
    const lines = values['account-file'] === undefined ? []
        : readFileSync(values['account-file'], 'utf8').split('\n')
            .map((line) => line.replace(/\r$/, ''))
            .filter((line) => line !== '' && !line.startsWith('#'));
    return [...values.account, ...lines].map(account);
}


// "--tls cert key" has two values: the second is found among the rest.
function tls(cert, positionals) {
    if (cert === undefined) {
        return undefined;
    }
    const key = positionals.shift();
    if (key === undefined) {
        throw new Error('--tls needs a certificate and a key');
    }
    return { cert: readFileSync(cert), key: readFileSync(key) };
}


function behaviours(form) {
    if (form === undefined) {
        return {};
    }
    if (!['think', 'summary'].includes(form)) {
        throw new Error(`--thinking-form "${form}": think or summary`);
    }
    return { behaviours: [{ thinking_form: form }] };
}


function settings(values) {
    const set = {};
    if (values['any-account']) {
        set.any_account = true;
    }
    if (values['token-life'] !== undefined) {
        set.token_life = number(values['token-life'], 'token-life');
    }
    if (values['max-body'] !== undefined) {
        set.max_body = values['max-body'] === 'off' ? null
            : number(values['max-body'], 'max-body');
    }
    return set;
}


function readOptions() {
    const { values, positionals } = parseArgs({
        options: OPTIONS, allowPositionals: true,
    });
    const options = {
        host: values.host,
        port: number(values.port, 'port'),
        tls: tls(values.tls, positionals),
        accounts: accounts(values),
        ...settings(values),
        ...behaviours(values['thinking-form']),
        log: values.quiet ? undefined
            : (line) => process.stdout.write(`${line}\n`),
    };
    if (positionals.length > 0) {
        throw new Error(`what is "${positionals[0]}"?`);
    }
    return { values, options };
}


// Written whole or not at all.
function writePort(path, port) {
    writeFileSync(`${path}.new`, `${port}\n`);
    renameSync(`${path}.new`, path);
}


async function main() {
    const { values, options } = readOptions();
    if (values.help) {
        process.stdout.write(USAGE);
        return;
    }
    process.on('SIGTERM', () => process.exit(0));
    process.on('SIGINT', () => process.exit(0));
    const { url, port } = await startSimulator(options);
    if (values['port-file'] !== undefined) {
        writePort(values['port-file'], port);
    }
    process.stdout.write(`simulator listening on ${url}\n`);
    if (values['exit-with-stdin']) {
        process.stdin.on('end', () => process.exit(0));
        process.stdin.on('error', () => process.exit(0));
        process.stdin.resume();
    }
}


main().catch((error) => {
    process.stderr.write(`simulator: ${error.message}\n`);
    process.exit(1);
});
