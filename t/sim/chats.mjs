// Chats of the accounts: made, shown, deleted.

import { randomUUID } from 'node:crypto';

const MAX_CHATS = 20000;
const MAX_KEPT_TEXT = 65536;


export class Chats {
    #chats = new Map();

    add(email, { title, models, chat_type }) {
        const now = Math.floor(Date.now() / 1000);
        const chat = {
            id: randomUUID(), email, title, models, chat_type,
            created_at: now, updated_at: now, messages: [],
        };
        this.#chats.set(chat.id, chat);
        if (this.#chats.size > MAX_CHATS) {
            this.#chats.delete(this.#chats.keys().next().value);
        }
        return chat;
    }

    // Only its owner sees a chat.
    find(email, id) {
        const chat = this.#chats.get(id);
        return chat?.email === email ? chat : undefined;
    }

    exists(id) {
        return this.#chats.has(id);
    }

    remove(id) {
        return this.#chats.delete(id);
    }

    addMessage(chat, role, content) {
        chat.updated_at = Math.floor(Date.now() / 1000);
        const kept = typeof content === 'string'
            ? content.slice(0, MAX_KEPT_TEXT) : content;
        const message = { id: randomUUID(), role, content: kept };
        chat.messages.push(message);
        return message;
    }

    clear() {
        this.#chats.clear();
    }

    get size() {
        return this.#chats.size;
    }

    list(email) {
        return [...this.#chats.values()]
            .filter((chat) => email === undefined || chat.email === email)
            .map(({ id, email: owner, chat_type, messages }) => ({
                id, email: owner, chat_type, messages: messages.length,
            }));
    }
}


export function chatDetail(chat) {
    return {
        success: true,
        request_id: randomUUID(),
        data: {
            id: chat.id,
            title: chat.title,
            chat_type: chat.chat_type,
            models: chat.models,
            created_at: chat.created_at,
            updated_at: chat.updated_at,
            chat: { models: chat.models, messages: chat.messages },
        },
    };
}
