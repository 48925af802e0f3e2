// kill -HUP under load.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closingTests } from './closing.mjs';
import { gatewayFor, startGateway, until } from './gateway.mjs';
import { MODEL, collect, longText, user } from './texts.mjs';

const STREAMS = 50;

// A reload closes idle connections; a request that meets such a close is
// sent again by the SDK.
const RETRIES = { maxRetries: 3 };

const gateway = await startGateway();


function chat(through, text, more) {
    return through.client(RETRIES).chat.completions.create({
        model: MODEL, messages: user(text), ...more,
    });
}


function texts(i) {
    return Array.from({ length: 20 }, (_, n) => `${i}.${n} `);
}


// Runs streams that last about two seconds, and `disturb` among them.
async function duringStreams(through, disturb) {
    const { sim } = through;
    for (let i = 0; i < STREAMS; i++) {
        await sim.next({ text: texts(i), interval: 100 },
            { text: `stream ${i}.` });
    }
    const streams = await Promise.all(Array.from({ length: STREAMS },
        (_, i) => chat(through, `This is stream ${i}.`, { stream: true })));
    const results = Promise.all(streams.map((stream) => collect(stream)));
    await until(async () => (await sim.stats()).open === STREAMS,
        { what: 'all streams are open' });
    await disturb();
    for (const [i, { content, finish }] of (await results).entries()) {
        assert.equal(content, texts(i).join(''));
        assert.equal(finish, 'stop');
    }
}


async function reloaded(through) {
    const before = through.workers();
    through.signal('SIGHUP');
    await until(() => through.workers()
        .filter((pid) => !before.includes(pid)).length === before.length,
    { what: 'new workers' });
    return before;
}


async function gone(through, pids) {
    await until(() => !through.workers().some((pid) => pids.includes(pid)),
        { timeout: 20000, what: 'the old workers are gone' });
}


test('every running stream completes, the tokens stay', async () => {
    const before = gateway.workers();
    await duringStreams(gateway, async () => {
        await reloaded(gateway);
        assert.ok(before.some((pid) => gateway.workers().includes(pid)),
            'old workers still stream');
        const answer = await chat(gateway, 'Hello');
        assert.equal(answer.choices[0].message.content,
            'Simulated answer to: Hello');
    });
    await gone(gateway, before);
    const { calls, aborted } = await gateway.sim.stats();
    assert.deepEqual([calls.signin, aborted], [3, 0]);
});


test('several reloads in a row', async () => {
    const before = gateway.workers();
    await duringStreams(gateway, async () => {
        for (let i = 0; i < 3; i++) {
            gateway.signal('SIGHUP');
            await sleep(150);
        }
    });
    await gone(gateway, before);
    const answer = await chat(gateway, 'Hello');
    assert.equal(answer.choices[0].finish_reason, 'stop');
    const { calls, aborted } = await gateway.sim.stats();
    assert.deepEqual([calls.signin, aborted], [3, 0]);
});


test('requests come in all the while', async () => {
    let done = false;
    let count = 0;
    const load = Array.from({ length: 8 }, async (_, i) => {
        while (!done) {
            const text = `${longText(50, i).trim()} ${i}`;
            const { content, finish } = await collect(
                await chat(gateway, text, { stream: true }));
            assert.deepEqual([content, finish],
                [`Simulated answer to: ${text}`, 'stop']);
            count++;
        }
    });
    for (let i = 0; i < 3; i++) {
        await gone(gateway, await reloaded(gateway));
    }
    done = true;
    await Promise.all(load);
    assert.ok(count > 8);
    const { calls } = await gateway.sim.stats();
    assert.equal(calls.signin, 3);
});


test('a new key is known, an old account still cools down', async (t) => {
    const changed = await gatewayFor(t, { accounts: 2 });
    await chat(changed, 'Hello');
    await changed.sim.next({ fault: 'rate-limited-200', hours: 1 });
    await chat(changed, 'Hello');
    const { email } = (await changed.sim.requests({ call: 'completion' }))
        .find(({ behaviour }) => behaviour?.fault !== undefined);

    const apiKey = changed.secret('sk-new-0123456789abcdef');
    changed.addKey(`${apiKey} newcomer`);
    await gone(changed, await reloaded(changed));

    const { id } = await changed.lastRequest();
    const client = changed.client({ ...RETRIES, apiKey });
    for (let i = 0; i < 6; i++) {
        await client.chat.completions.create(
            { model: MODEL, messages: user('Hello') });
    }
    const list = await changed.sim.requests({ call: 'completion',
        after: id });
    assert.equal(list.length, 6);
    assert.ok(list.every((one) => one.email !== email));
    const { calls } = await changed.sim.stats();
    assert.equal(calls.signin, 2);
    await until(() => changed.accessLog().at(-1).key === 'newcomer',
        { what: "the new key's name in the log" });
});


test('while accounts sign in', async (t) => {
    const slow = await gatewayFor(t, { simulator: {
        behaviours: [{ on: 'signin', delay: 1500 }],
    } });
    const early = Promise.all(Array.from({ length: 10 }, (_, i) =>
        chat(slow, `early ${i}`)));
    await until(async () => (await slow.sim.stats()).calls.signin > 0,
        { what: 'a sign-in' });
    const before = await reloaded(slow);
    const late = await chat(slow, 'late');
    assert.equal(late.choices[0].finish_reason, 'stop');
    for (const [i, { choices: [{ message }] }] of (await early).entries()) {
        assert.equal(message.content, `Simulated answer to: early ${i}`);
    }
    await gone(slow, before);
});


test('worker_shutdown_timeout ends streams with an error', async (t) => {
    const hasty = await gatewayFor(t, {
        places: [[/(?<=pid +[^;]+;)/, '\nworker_shutdown_timeout 1s;']],
    });
    await hasty.sim.next({ text: ['a', 'b'],
        stall: { after: 1, ms: 60000 } });
    const stream = await chat(hasty, 'Hello', { stream: true });
    let text = '';
    await assert.rejects(async () => {
        for await (const { choices: [{ delta }] } of stream) {
            text += delta.content;
            if (text === 'a') {
                hasty.signal('SIGHUP');
            }
        }
    });
    assert.equal(text, 'a');
    await until(async () => (await hasty.sim.stats()).open === 0,
        { what: 'the upstream is closed' });
    const answer = await chat(hasty, 'Hello');
    assert.equal(answer.choices[0].finish_reason, 'stop');
});


closingTests(gateway);
