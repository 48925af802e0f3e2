// The list of models, and one of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { DEFAULT_MODELS } from '../sim/models.mjs';
import { closingTests } from './closing.mjs';
import { gatewayFor, startGateway } from './gateway.mjs';
import { user } from './texts.mjs';

const gateway = await startGateway();
const client = gateway.client();


// Written down here once more, to be compared.
function variants({ id, info }) {
    const types = info?.meta?.chat_type ?? [];
    const thinks = Boolean(info?.meta?.abilities?.thinking);
    const searches = types.includes('search');
    return [
        id,
        ...thinks ? [`${id}-thinking`] : [],
        ...searches ? [`${id}-search`] : [],
        ...thinks && searches ? [`${id}-thinking-search`] : [],
        ...types.includes('t2i') ? [`${id}-image`] : [],
        ...types.includes('t2v') ? [`${id}-video`] : [],
        ...types.includes('image_edit') ? [`${id}-image-edit`] : [],
        ...types.includes('deep_research') ? [`${id}-deep-research`] : [],
    ];
}


const IDS = DEFAULT_MODELS.flatMap(variants);


test('the list, by auto-pagination', async () => {
    const list = [];
    for await (const model of client.models.list()) {
        list.push(model);
    }
    assert.deepEqual(list.map(({ id }) => id), IDS);
    for (const model of list) {
        assert.equal(model.object, 'model');
        assert.ok(Number.isInteger(model.created) && model.created > 0);
        assert.equal(model.owned_by, 'qwen');
        assert.ok(!('name' in model));
    }
});


test('the list is one page', async () => {
    const page = await client.models.list();
    assert.equal(page.object, 'list');
    assert.equal(page.data.length, IDS.length);
    assert.equal(page.hasNextPage(), false);
});


test('the upstream is asked once for all workers', async () => {
    const lists = await Promise.all(Array.from({ length: 40 }, () =>
        client.models.list()));
    for (const { data } of lists) {
        assert.deepEqual(data.map(({ id }) => id), IDS);
    }
    const { calls } = await gateway.sim.stats();
    assert.equal(calls.models, 1);
});


test('each of them alone', async () => {
    const { data } = await client.models.list();
    for (const model of data) {
        assert.deepEqual(await client.models.retrieve(model.id),
            { ...model });
    }
});


test('an unknown model is not found', async () => {
    for (const id of ['no-such-model', 'qwen3-max-image', 'qwen3-max-',
        'qwen3-max-thinking-thinking', 'a/b', 'ä "\\', '...', '%00',
        '0'.repeat(4000)]) {
        await assert.rejects(client.models.retrieve(id), (error) => {
            assert.ok(error instanceof OpenAI.NotFoundError, id);
            assert.equal(error.code, 'model_not_found', id);
            return true;
        });
    }
});


test('the open list is the same', async () => {
    const open = gateway.client({
        baseURL: gateway.url, defaultHeaders: { Authorization: null },
    });
    const { data } = await open.models.list();
    assert.deepEqual(data.map(({ id }) => id), IDS);
});


test("a model's name is known right after the start", async (t) => {
    const fresh = await gatewayFor(t);
    for (const model of ['Qwen3-Max', 'Qwen3 flagship',
        'QWEN3-MAX-thinking']) {
        const answer = await fresh.client().chat.completions.create(
            { model, messages: user('Hello') });
        assert.equal(answer.model, model);
    }
});


test('the list without variants', async (t) => {
    const simple = await gatewayFor(t, {
        http: ['qwen_models_variants off;'],
    });
    const { data } = await simple.client().models.list();
    assert.deepEqual(data.map(({ id }) => id),
        DEFAULT_MODELS.map(({ id }) => id));
});


test('the reason is told when there is no list', async (t) => {
    const faulty = await gatewayFor(t, { http: ['qwen_timeout 3s;'] });
    await faulty.sim.set({ behaviours: [{ on: 'models', fault: '500' }] });
    await assert.rejects(faulty.client().models.list(), (error) => {
        assert.ok(error instanceof OpenAI.InternalServerError);
        assert.notEqual(error.code, 'upstream_challenged');
        return true;
    });
});


closingTests(gateway);
