// The control API under /_sim/: what tests set and ask.

import { matchMistake, mistake } from './behaviour.mjs';
import { MODEL_REFUSALS } from './faults.mjs';

class Mistake extends Error {}

const SETTINGS = {
    any_account: (value) => typeof value === 'boolean',
    token_life: Number.isFinite,
    max_body: (value) => value === null || Number.isInteger(value),
    wall_status: Number.isInteger,
    keep_alive: Number.isInteger,
    unauthorized: (value) => ['unauthorized-401', 'unauthorized-200',
        'forbidden-403'].includes(value),
    signin_refusal: Number.isInteger,
    model_check: (value) => ['both', 'new_chat', 'completion', 'off']
        .includes(value),
    model_refusal: (value) => MODEL_REFUSALS.includes(value),
    models: Array.isArray,
};


function demand(condition, reason) {
    if (!condition) {
        throw new Mistake(reason);
    }
}


function checkedList(behaviours) {
    demand(Array.isArray(behaviours), '"behaviours" must be a list');
    for (const behaviour of behaviours) {
        const reason = mistake(behaviour);
        demand(reason === undefined, reason);
    }
    return behaviours;
}


// {behaviours:[...], match?}
function next(sim, { behaviours, match, ...rest }) {
    const [wrong] = Object.keys(rest);
    demand(wrong === undefined, `unknown member "${wrong}"`);
    const reason = matchMistake(match);
    demand(reason === undefined, reason);
    sim.behaviours.queue(checkedList(behaviours)
        .map((behaviour) => ({ behaviour, match })));
    return { waiting: sim.behaviours.waiting };
}


// {email?, behaviours?, ...settings}
function set(sim, { email, behaviours, ...settings }) {
    for (const [name, value] of Object.entries(settings)) {
        demand(Object.hasOwn(SETTINGS, name), `unknown setting "${name}", `
            + `one of: behaviours ${Object.keys(SETTINGS).join(' ')}`);
        demand(SETTINGS[name](value), `wrong value for "${name}"`);
    }
    if (behaviours !== undefined) {
        sim.behaviours.setStanding(checkedList(behaviours), email);
    }
    if (email === undefined) {
        Object.assign(sim.settings, settings);
        return {};
    }
    const [wrong] = Object.keys(settings).filter(
        (name) => name !== 'token_life');
    demand(wrong === undefined, `"${wrong}" is no setting of an account`);
    if (settings.token_life !== undefined) {
        sim.accounts.put({ email, token_life: settings.token_life });
    }
    return {};
}


// {accounts:[{email,password,token_life?}]}
function putAccounts(sim, { accounts }) {
    demand(Array.isArray(accounts), '"accounts" must be a list');
    for (const account of accounts) {
        demand(typeof account?.email === 'string',
            'an account needs an email');
        sim.accounts.put(account);
    }
    return {};
}


// {email}, or {} for all
function revoke(sim, { email }) {
    const emails = email === undefined
        ? sim.accounts.list().map((account) => account.email) : [email];
    emails.forEach((one) => sim.accounts.revoke(one));
    return { revoked: emails.length };
}


function stats(sim) {
    const signins = {};
    for (const { email, signins: count } of sim.accounts.list()) {
        if (count > 0) {
            signins[email] = count;
        }
    }
    return {
        ...sim.records.stats, signins, chats: sim.chats.size,
        waiting: sim.behaviours.waiting,
    };
}


function requests(sim, query) {
    return sim.records.find({
        call: query.get('call') ?? undefined,
        email: query.get('email') ?? undefined,
        after: Number(query.get('after') ?? 0),
    });
}


const ROUTES = {
    'POST /_sim/next': next,
    'DELETE /_sim/next': (sim) => {
        sim.behaviours.clearQueue();
        return {};
    },
    'POST /_sim/set': set,
    'GET /_sim/settings': (sim) => sim.settings,
    'GET /_sim/accounts': (sim) => sim.accounts.list(),
    'POST /_sim/accounts': putAccounts,
    'DELETE /_sim/accounts': (sim, { email }) => ({
        removed: sim.accounts.remove(email),
    }),
    'POST /_sim/revoke': revoke,
    'GET /_sim/chats': (sim, body, query) => sim.chats.list(
        query.get('email') ?? undefined),
    'GET /_sim/requests': (sim, body, query) => requests(sim, query),
    'DELETE /_sim/requests': (sim) => {
        sim.records.clear();
        return {};
    },
    'GET /_sim/stats': stats,
    'DELETE /_sim/stats': (sim) => {
        sim.records.clearStats();
        return {};
    },
    'POST /_sim/reset': (sim, { keep_accounts = false }) => {
        sim.reset(keep_accounts);
        return {};
    },
};


async function readJson(req) {
    const parts = [];
    for await (const part of req) {
        parts.push(part);
    }
    const text = Buffer.concat(parts).toString();
    try {
        return text === '' ? {} : JSON.parse(text);
    } catch {
        throw new Mistake('the body is no JSON');
    }
}


async function answer(sim, req, url) {
    const run = ROUTES[`${req.method} ${url.pathname}`];
    const body = await readJson(req);
    if (run === undefined) {
        return [404, { error: `unknown, one of: ${
            Object.keys(ROUTES).join(', ')}` }];
    }
    return [200, run(sim, body, url.searchParams)];
}


export async function control(sim, req, res, url) {
    let status;
    let json;
    try {
        [status, json] = await answer(sim, req, url);
    } catch (error) {
        if (!(error instanceof Mistake)) {
            throw error;
        }
        [status, json] = [400, { error: error.message }];
    }
    const body = Buffer.from(JSON.stringify(json) + '\n');
    res.writeHead(status, {
        'Content-Type': 'application/json',
        'Content-Length': body.length,
    });
    res.end(body);
}
