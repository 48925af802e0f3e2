// Accounts, their sign-ins and their tokens.

import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto';

const WRONG = sha256('wrong');


export function sha256(text) {
    return createHash('sha256').update(text).digest('hex');
}


function base64url(value) {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
}


export class Accounts {
    #secret = randomBytes(32);
    #accounts = new Map();
    #tokens = new Map();

    // settings: { token_life, any_account }, read at each use
    constructor(settings) {
        this.settings = settings;
    }

    // Adds an account or changes one that exists.
    put({ email, password, token_life }) {
        const known = this.#accounts.get(email);
        const account = known ?? {
            id: randomUUID(), email, hash: null, token_life: null,
            tokens: new Set(), signins: 0, refused: 0,
        };
        if (password !== undefined) {
            account.hash = sha256(password);
        }
        if (token_life !== undefined) {
            account.token_life = token_life;
        }
        this.#accounts.set(email, account);
        return account;
    }

    get(email) {
        return this.#accounts.get(email);
    }

    remove(email) {
        this.revoke(email);
        return this.#accounts.delete(email);
    }

    clear() {
        this.#accounts.clear();
        this.#tokens.clear();
    }

    // A token, or null when the password's hash is wrong.
    signIn(email, hash, token) {
        let account = this.#accounts.get(email);
        if (account === undefined && this.settings.any_account) {
            account = this.put({ email });
        }
        if (account === undefined) {
            return null;
        }
        if (account.hash === null ? hash === WRONG : hash !== account.hash) {
            account.refused++;
            return null;
        }
        account.signins++;
        return this.#issue(account, token);
    }

    // The account of a live token; undefined: unknown or expired.
    check(token) {
        const entry = this.#tokens.get(token);
        if (entry === undefined || entry.exp <= Date.now() / 1000) {
            return undefined;
        }
        return entry.account;
    }

    // The account a token was made for, dead or alive.
    owner(token) {
        return this.#tokens.get(token)?.account;
    }

    // Forgets all tokens of an account.
    revoke(email) {
        const account = this.#accounts.get(email);
        for (const token of account?.tokens ?? []) {
            this.#tokens.delete(token);
        }
        account?.tokens.clear();
    }

    list() {
        return [...this.#accounts.values()].map((account) => ({
            email: account.email,
            id: account.id,
            token_life: account.token_life ?? this.settings.token_life,
            signins: account.signins,
            refused: account.refused,
            tokens: [...account.tokens],
        }));
    }

    #issue(account, verbatim) {
        const now = Math.floor(Date.now() / 1000);
        const life = account.token_life ?? this.settings.token_life;
        const exp = now + Math.floor(life);
        const token = verbatim ?? this.#sign({
            id: account.id, last_password_change: now, exp,
            jti: randomUUID(),
        });
        this.#dropExpired(account, now);
        account.tokens.add(token);
        this.#tokens.set(token, { account, exp });
        return { account, token, exp };
    }

    #sign(payload) {
        const text = base64url({ alg: 'HS256', typ: 'JWT' }) + '.'
            + base64url(payload);
        const mac = createHmac('sha256', this.#secret).update(text);
        return `${text}.${mac.digest('base64url')}`;
    }

    // Expired tokens are kept for an hour: records name their owner.
    #dropExpired(account, now) {
        for (const token of account.tokens) {
            if (this.#tokens.get(token).exp < now - 3600) {
                this.#tokens.delete(token);
                account.tokens.delete(token);
            }
        }
    }
}
