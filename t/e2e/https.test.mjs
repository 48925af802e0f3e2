// The shipped configuration speaks TLS to the upstream and looks at its
// certificate.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import OpenAI from 'openai';
import { closingTests } from './closing.mjs';
import { gatewayFor } from './gateway.mjs';
import { ALL_TEXTS, MODEL, collect, user } from './texts.mjs';

// This process asks the simulator how it went and need not trust it; it is
// nginx that has to look.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

// nginx keeps the last session of each server and does not free it at its
// end, which a leak checker would tell.
const NO_SESSION = [/(?=\n *proxy_ssl_verify +on;)/,
    '\nproxy_ssl_session_reuse off;'];

const dir = mkdtempSync(path.join(tmpdir(), 'ngx_qwen_tls-'));
after(() => rmSync(dir, { recursive: true }));


function certificate(name) {
    const file = path.join(dir, name);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
        '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`,
        '-keyout', `${file}.key`, '-out', `${file}.crt`],
    { stdio: 'pipe' });
    return {
        file: `${file}.crt`,
        tls: {
            cert: readFileSync(`${file}.crt`),
            key: readFileSync(`${file}.key`),
        },
    };
}


function request(content) {
    return { model: MODEL, messages: user(content) };
}


test('a chat over TLS', async (t) => {
    const { tls, file } = certificate('chat.qwen.ai');
    const gateway = await gatewayFor(t, {
        simulator: { tls }, certificates: file, upstream: [NO_SESSION],
    });
    const client = gateway.client();
    const answer = await client.chat.completions.create(request('Hello'));
    assert.equal(answer.choices[0].message.content,
        'Simulated answer to: Hello');
    for (let i = 0; i < 10; i++) {
        await gateway.sim.next({ text: ALL_TEXTS, split: [1, 50, 7] });
        const { content } = await collect(await client.chat.completions
            .create({ ...request('Hello'), stream: true }));
        assert.equal(content, ALL_TEXTS);
    }
    await gateway.sim.next({ text: ['a', 'b'], fault: 'reset', after: 1 });
    await assert.rejects(async () => collect(await client.chat.completions
        .create({ ...request('Hello'), stream: true })),
    { code: 'upstream_incomplete' });
});


for (const [name, own, trusted] of [
    ['of another host', 'example.com', 'example.com'],
    ['that is not trusted', 'chat.qwen.ai', 'other.example'],
]) {
    test(`a certificate ${name} is refused`, async (t) => {
        const { tls, file } = certificate(own);
        const gateway = await gatewayFor(t, {
            simulator: { tls },
            certificates: own === trusted ? file
                : certificate(trusted).file,
            upstream: [NO_SESSION],
            http: ['qwen_timeout 2s;'],
        });
        await assert.rejects(
            gateway.client().chat.completions.create(request('Hello')),
            (error) => {
                assert.ok(error instanceof OpenAI.InternalServerError);
                return true;
            });
        const { requests } = await gateway.sim.stats();
        assert.equal(requests, 0);
    });
}


closingTests();
