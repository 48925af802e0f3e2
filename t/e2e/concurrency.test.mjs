// Many at once, in four workers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingTests } from './closing.mjs';
import { gatewayFor, startGateway } from './gateway.mjs';
import { MODEL, collect, longText, user } from './texts.mjs';

const ACCOUNTS = 5;

const gateway = await startGateway({ accounts: ACCOUNTS });
const { sim } = gateway;


function many(count, run) {
    return Promise.all(Array.from({ length: count }, (_, i) => run(i)));
}


function chat(through, text, more = {}) {
    return through.client().chat.completions.create({
        model: MODEL, messages: user(text), ...more,
    });
}


// The simulator repeats the end of what it was told.
function question(i) {
    return `${longText(150, i + 1).trim()} #${i}`;
}


function answerTo(text) {
    return `Simulated answer to: ${text}`;
}


async function streamed(through, i) {
    const { chunks, content, finish } = await collect(
        await chat(through, question(i), { stream: true }));
    assert.equal(content, answerTo(question(i)));
    assert.equal(finish, 'stop');
    return chunks[0].id;
}


async function collected(through, i) {
    const { id, choices: [{ message }] } = await chat(through, question(i));
    assert.equal(message.content, answerTo(question(i)));
    return id;
}


test('each of 50 streams gets its own text', async () => {
    await sim.set({ behaviours: [{ interval: 20 }] });
    const ids = await many(50, (i) => streamed(gateway, i));
    assert.equal(new Set(ids).size, 50);
    const { max_open } = await sim.stats();
    assert.ok(max_open >= 40, `${max_open} at once`);
    await sim.set({ behaviours: [] });
});


test('each of 50 answers in one piece, too', async () => {
    await sim.set({ behaviours: [{ interval: 5, split: [1, 5, 100] }] });
    const ids = await many(50, (i) => collected(gateway, i));
    assert.equal(new Set(ids).size, 50);
    await sim.set({ behaviours: [] });
});


test('streams of all kinds side by side', async () => {
    await sim.set({ behaviours: [{ interval: 2 }] });
    await many(60, async (i) => {
        const kind = ['', '-thinking', '-search', '-thinking-search'][i % 4];
        const { content, reasoning, annotations } = await collect(
            await chat(gateway, question(i),
                { model: MODEL + kind, stream: true }));
        assert.ok(content.startsWith(answerTo(question(i))));
        assert.equal(reasoning !== '', kind.includes('thinking'));
        assert.equal(annotations.length, kind.includes('search') ? 2 : 0);
    });
    await sim.set({ behaviours: [] });
});


test('the accounts take turns', async () => {
    await sim.clearRequests();
    for (let i = 0; i < 4; i++) {
        await many(ACCOUNTS * 5, (n) => collected(gateway, n));
    }
    const counts = {};
    for (const { email } of await sim.requests({ call: 'completion' })) {
        counts[email] = (counts[email] ?? 0) + 1;
    }
    const values = Object.values(counts);
    assert.equal(values.length, ACCOUNTS);
    assert.ok(Math.max(...values) - Math.min(...values) <= 2,
        JSON.stringify(counts));
});


test('faults of some are not seen by others', async () => {
    await sim.next({ fault: 'reset', times: 3 }, { text: 'faulty' });
    await sim.next({ fault: 'unauthorized-401', times: 3 },
        { text: 'faulty' });
    await many(60, async (i) => {
        const text = i % 10 ? question(i) : `faulty ${i}`;
        const { content } = await collect(
            await chat(gateway, text, { stream: true }));
        assert.equal(content, answerTo(text));
    });
});


test('100 requests without a token sign each account in once', async (t) => {
    for (const stream of [true, false]) {
        const fresh = await gatewayFor(t, { accounts: 2, simulator: {
            behaviours: [{ on: 'signin', delay: 300 }],
        } });
        await many(100, (i) => stream ? streamed(fresh, i)
            : collected(fresh, i));
        const { calls, refused } = await fresh.sim.stats();
        assert.deepEqual([calls.signin, calls.completion, refused],
            [2, 100, 0]);
    }
});


test('100 requests with revoked tokens sign each account in once',
    async (t) => {
        const revoked = await gatewayFor(t, { accounts: 2 });
        await many(8, (i) => collected(revoked, i));
        await revoked.sim.set({
            behaviours: [{ on: 'signin', delay: 200 }],
        });
        for (const { email } of revoked.accounts) {
            await revoked.sim.revoke(email);
        }
        await many(100, (i) => streamed(revoked, i));
        const { calls } = await revoked.sim.stats();
        assert.equal(calls.signin, 4);
    });


closingTests(gateway);
