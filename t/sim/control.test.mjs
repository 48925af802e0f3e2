import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSimulator } from './client.mjs';
import { EMAIL, ask, begin, open, signIn } from './harness.mjs';

const PROGRAM = fileURLToPath(new URL('sim.mjs', import.meta.url));


function scratch(t) {
    const directory = mkdtempSync(join(tmpdir(), 'simulator-'));
    t.after(() => rmSync(directory, { recursive: true }));
    return directory;
}


test('mistakes in behaviours and settings are told', async (t) => {
    const { client } = await begin(t);
    const cases = [
        [client.next({ fualt: '500' }), /unknown member "fualt"/],
        [client.next({ fault: '599' }), /unknown fault/],
        [client.next({ fault: 'wall-html-200', after: 1 }), /no JSON/],
        [client.next({ on: 'nothing' }), /"on" must be/],
        [client.next({ split: 0 }), /"split" must be/],
        [client.next({ hostile: ['x'] }), /"hostile" must be/],
        [client.next({ text: 5 }), /"text" must be/],
        [client.next({}, { user: 'x' }), /in match/],
        [client.set({ behaviours: {} }), /must be a list/],
        [client.set({ model: [] }), /unknown setting/],
        [client.set({ max_body: 'off' }), /wrong value/],
        [client.set({ email: EMAIL, max_body: 1 }), /no setting of/],
        [client.putAccounts([{}]), /needs an email/],
    ];
    for (const [answer, reason] of cases) {
        await assert.rejects(answer, reason);
    }
});


test('a directive with a mistake is refused', async (t) => {
    const simulator = await begin(t);
    const wrong = await ask(simulator, 'x', { fualt: '500' });
    assert.equal(wrong.status, 400);
    assert.match(await wrong.text(), /unknown member/);
    assert.equal((await ask(simulator, '[[sim:{]]')).status, 400);
});


test('accounts come, go and are counted', async (t) => {
    const simulator = await begin(t);
    const { client } = simulator;
    await client.putAccounts([{ email: 'c@x', password: 'p',
        token_life: 5 }]);
    await signIn(simulator, 'c@x', 'p');
    await signIn(simulator, 'c@x', 'q');
    const account = (await client.accounts()).find(
        ({ email }) => email === 'c@x');
    assert.deepEqual([account.signins, account.refused, account.token_life,
        account.tokens.length], [1, 1, 5, 1]);
    assert.deepEqual((await client.stats()).signins, { 'c@x': 1 });
    await client.reset();
    assert.equal((await client.accounts()).length, 2);
});


test('a reset can keep accounts and tokens', async (t) => {
    const simulator = await begin(t);
    const { token } = await open(simulator);
    await simulator.client.set({ token_life: 1, max_body: 5 });
    await simulator.client.reset({ keep_accounts: true });
    const { token_life } = await simulator.client.settings();
    assert.equal(token_life, 21600);
    const answer = await fetch(`${simulator.url}/api/models`,
        { headers: { Authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    assert.equal((await simulator.client.requests()).length, 1);
});


test('records are found by call, account and number', async (t) => {
    const simulator = await begin(t);
    await open(simulator);
    await open(simulator, 'bob@example.com');
    const { client } = simulator;
    assert.equal((await client.requests()).length, 4);
    assert.equal((await client.requests({ call: 'signin' })).length, 2);
    const bob = await client.requests({ email: 'bob@example.com' });
    assert.equal(bob.length, 2);
    assert.equal((await client.requests({ after: bob[0].id })).length, 1);
    const { calls, statuses, requests } = await client.stats();
    assert.deepEqual([calls, statuses, requests],
        [{ signin: 2, new_chat: 2 }, { 200: 4 }, 4]);
    await client.clearRequests();
    assert.deepEqual(await client.requests(), []);
});


test('a record tells when its answer began', async (t) => {
    const simulator = await begin(t);
    const { client } = simulator;
    await client.set({ behaviours: [{ on: 'signin', delay: 50 }] });
    await signIn(simulator);
    const [{ time, answered }] = await client.requests();
    assert.ok(answered >= time + 49 && answered <= Date.now());
});


test('the program listens, logs and ends at once', async (t) => {
    const directory = scratch(t);
    const portFile = join(directory, 'port');
    const list = join(directory, 'accounts');
    writeFileSync(list, '# comment\nb@x:p:q\n');
    const child = spawn(process.execPath, [PROGRAM, '--account', 'a@x:p',
        '--account-file', list, '--port-file', portFile,
        '--token-life', '60']);
    let output = '';
    child.stdout.on('data', (part) => { output += part; });
    while (!output.includes('\n')) {
        await once(child.stdout, 'data');
    }
    const port = readFileSync(portFile, 'utf8').trim();
    const url = `http://127.0.0.1:${port}`;
    assert.equal(output, `simulator listening on ${url}\n`);
    assert.equal((await signIn({ url }, 'b@x', 'p:q')).status, 200);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.match(output, /POST \/api\/v1\/auths\/signin b@x 200 done/);
});


test('a spawned simulator ends with its standard input', async () => {
    const simulator = await spawnSimulator(['--any-account']);
    assert.equal((await signIn(simulator, 'any@x', 'y')).status, 200);
    assert.equal((await simulator.client.stats()).requests, 1);
    simulator.process.stdin.end();
    assert.deepEqual(await once(simulator.process, 'exit'), [0, null]);
});


test('wrong options stop the program', () => {
    for (const options of [['--port', 'x'], ['--account', 'x'], ['what'],
        ['--tls', 'cert'], ['--nothing']]) {
        assert.throws(() => execFileSync(process.execPath,
            [PROGRAM, ...options], { stdio: 'pipe' }),
        ({ status, stderr }) => status === 1
            && stderr.toString().startsWith('simulator: '));
    }
});


test('it speaks TLS', async (t) => {
    const directory = scratch(t);
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048',
        '-nodes', '-days', '1', '-subj', '/CN=localhost', '-keyout', key,
        '-out', cert], { stdio: 'ignore' });
    const simulator = await spawnSimulator(['--tls', cert, key]);
    t.after(() => simulator.stop());
    assert.match(simulator.url, /^https:/);
    const request = https.get(`${simulator.url}/_sim/stats`,
        { ca: readFileSync(cert), checkServerIdentity: () => undefined });
    const [response] = await once(request, 'response');
    assert.equal(response.statusCode, 200);
    response.resume();
});
