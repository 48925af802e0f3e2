// What a behaviour may hold, where it comes from, and which one a request
// gets.

import { MODEL_REFUSALS, faultMistake } from './faults.mjs';
import { ARTEFACTS, HOSTILE } from './hostile.mjs';
import { PATTERNS } from './patterns.mjs';

export const CALLS = ['signin', 'token', 'models', 'new_chat', 'completion',
    'chat', 'delete'];

const MAX_DIRECTIVE_ENDS = 256;


function isCount(value) {
    return Number.isInteger(value) && value >= 0;
}


function isObject(value) {
    return value !== null && typeof value === 'object'
        && !Array.isArray(value);
}


const text = {
    what: 'a string',
    test: (value) => typeof value === 'string',
};
const count = { what: 'an integer from 0', test: isCount };
const positive = {
    what: 'an integer from 1',
    test: (value) => isCount(value) && value > 0,
};
const flag = {
    what: 'true or false',
    test: (value) => typeof value === 'boolean',
};
const object = { what: 'an object', test: isObject };


function choice(...names) {
    return {
        what: `one of: ${names.join(' ')}`,
        test: (value) => names.includes(value),
    };
}


function listOf(item, what) {
    return {
        what,
        test: (value) => Array.isArray(value) && value.every(item),
    };
}


function either(...checks) {
    return {
        what: checks.map((check) => check.what).join(', or '),
        test: (value) => checks.some((check) => check.test(value)),
    };
}


const no = { what: 'false', test: (value) => value === false };
const isText = text.test;
const texts = either(text, listOf(isText, 'a list of strings'));


function isEvents(value) {
    return isObject(value) && isCount(value.count) && isCount(value.size)
        && (value.pattern === undefined || PATTERNS.includes(value.pattern));
}


const events = {
    what: '{count,size,pattern} or a list of such, pattern one of: '
        + PATTERNS.join(' '),
    test: (value) => [value].flat().every(isEvents),
};


function known(names) {
    return {
        what: `a list of objects or of: ${names.join(' ')}`,
        test: (value) => Array.isArray(value) && value.every(
            (item) => isObject(item) || names.includes(item)),
    };
}


const FIELDS = {
    // which call, how often
    on: {
        what: `"any", a call or a list of calls: ${CALLS.join(' ')}`,
        test: (value) => value === 'any'
            || [value].flat().every((name) => CALLS.includes(name)),
    },
    times: positive,

    // instead of an answer, or in the middle of it
    fault: text,
    after: either(count, choice('finish')),
    as: choice('sse', 'json'),
    hours: either(count, { what: 'null', test: (value) => value === null }),
    retry_after: either(count, text),
    form: choice(...MODEL_REFUSALS),

    // the answer as a whole
    delay: count,
    status: positive,
    content_type: text,
    headers: object,
    body: either(text, object, listOf(() => true, 'a list')),
    body_base64: text,
    token: text,

    // what a completion says
    text: texts,
    piece: positive,
    events,
    frames: listOf((item) => isText(item) || isObject(item),
        'a list of strings and objects'),
    thinking: either(no, text, listOf((item) => isText(item)
        || isObject(item), 'a list of strings or of {title,thought}')),
    thinking_form: choice('think', 'summary'),
    search: either(no, listOf((item) => isObject(item)
        || Array.isArray(item), 'a list of results or of such lists')),
    usage: either(choice('none', 'old', 'new'), object),
    usage_at: choice('each', 'last', 'after'),
    usage_after: flag,
    artefacts: known(ARTEFACTS),
    hostile: known(HOSTILE),
    created: flag,
    finish: flag,
    done: flag,

    // how an event is written
    eol: choice('lf', 'crlf', 'cr'),
    ascii: flag,
    slashes: flag,
    multiline: flag,
    comments: flag,
    fields: flag,
    no_space: flag,
    bom: flag,
    tail: choice('blank', 'line', 'none'),

    // how bytes go out
    per_write: positive,
    split: either(positive, listOf((item) => positive.test(item),
        'a list of such')),
    split_at: either(positive, listOf((item) => positive.test(item),
        'a list of such')),
    interval: count,
    stall: {
        what: '{after,ms}',
        test: (value) => isObject(value) && isCount(value.after)
            && isCount(value.ms),
    },
    hang: either(flag, count),
    length: flag,
    close: flag,
};

const MATCH_FIELDS = ['call', 'path', 'email', 'model', 'text'];


// Why a value is no behaviour, or undefined.
export function mistake(behaviour) {
    if (!isObject(behaviour)) {
        return 'a behaviour must be an object';
    }
    for (const [name, value] of Object.entries(behaviour)) {
        const field = FIELDS[name];
        if (field === undefined) {
            return `unknown member "${name}", one of: `
                + Object.keys(FIELDS).join(' ');
        }
        if (!field.test(value)) {
            return `"${name}" must be ${field.what}`;
        }
    }
    return faultMistake(behaviour);
}


export function matchMistake(match) {
    if (match === undefined) {
        return undefined;
    }
    if (!isObject(match)) {
        return '"match" must be an object';
    }
    const wrong = Object.keys(match).find(
        (name) => !MATCH_FIELDS.includes(name));
    return wrong === undefined ? undefined
        : `unknown member "${wrong}" in match, one of: `
            + MATCH_FIELDS.join(' ');
}


// The last "[[sim:{...}]]" in a text: { behaviour, rest }, or null.  Throws
// when there is one that cannot be read.
export function directive(content) {
    const start = content.lastIndexOf('[[sim:');
    if (start < 0) {
        return null;
    }
    let end = start;
    for (let i = 0; i < MAX_DIRECTIVE_ENDS; i++) {
        end = content.indexOf(']]', end + 1);
        if (end < 0) {
            break;
        }
        const behaviour = parse(content.slice(start + 6, end));
        if (behaviour !== undefined) {
            return {
                behaviour: checked(behaviour),
                rest: content.slice(0, start) + content.slice(end + 2),
            };
        }
    }
    throw new Error('a [[sim:...]] directive holds no JSON');
}


export function checked(behaviour) {
    const reason = mistake(behaviour);
    if (reason !== undefined) {
        throw new Error(reason);
    }
    return behaviour;
}


function parse(json) {
    try {
        return JSON.parse(json);
    } catch {
        return undefined;
    }
}


function isFor(behaviour, call, fallback = 'completion') {
    const on = behaviour.on ?? fallback;
    return on === 'any' || [on].flat().includes(call);
}


// Which behaviour each request gets: standing ones (for all, then for an
// account), then the request's own, then one from the queue; a later one
// overrides members of an earlier one.
export class Behaviours {
    #standing = [];
    #accounts = new Map();
    #queue = [];

    setStanding(behaviours, email) {
        if (email === undefined) {
            this.#standing = behaviours;
        } else {
            this.#accounts.set(email, behaviours);
        }
    }

    // Each entry: { behaviour, match }.
    queue(entries) {
        for (const { behaviour, match } of entries) {
            this.#queue.push({
                behaviour, match, left: behaviour.times ?? 1,
            });
        }
    }

    get waiting() {
        return this.#queue.reduce((sum, entry) => sum + entry.left, 0);
    }

    clearQueue() {
        this.#queue = [];
    }

    clear() {
        this.#standing = [];
        this.#accounts.clear();
        this.#queue = [];
    }

    // request: { call, path, email, model, content }
    take(request, own = []) {
        const standing = [
            ...this.#standing,
            ...this.#accounts.get(request.email) ?? [],
            ...own,
        ].filter((behaviour) => isFor(behaviour, request.call));
        return Object.assign({}, ...standing, this.#next(request));
    }

    #next(request) {
        const index = this.#queue.findIndex(
            (entry) => isMatch(entry, request));
        if (index < 0) {
            return undefined;
        }
        const entry = this.#queue[index];
        entry.left--;
        if (entry.left === 0) {
            this.#queue.splice(index, 1);
        }
        return entry.behaviour;
    }
}


function isMatch({ behaviour, match = {} }, request) {
    const fallback = match.call ?? (match.path ? 'any' : 'completion');
    return isFor(behaviour, request.call, fallback)
        && (match.call === undefined || match.call === request.call)
        && (match.path === undefined || match.path === request.path)
        && (match.email === undefined || match.email === request.email)
        && (match.model === undefined || match.model === request.model)
        && (match.text === undefined
            || (request.content ?? '').includes(match.text));
}
