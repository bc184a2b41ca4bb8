/** What a service worker is told: the types of pages and of workers cannot be had in one project. */
declare namespace OnWorker {
  interface ExtendableEvent extends Event {
    waitUntil(work: Promise<unknown>): void;
  }

  interface FetchEvent extends ExtendableEvent {
    readonly request: Request;
    respondWith(answer: Promise<Response>): void;
  }

  /** What the service has to say (dispatch/push/messages.py). */
  interface Told {
    id: string;
    day: string;
    title: string;
    body: string;
    language: string;
  }

  interface PushEvent extends ExtendableEvent {
    readonly data: { json(): Told };
  }

  interface NotificationEvent extends ExtendableEvent {
    readonly notification: { readonly data: Pick<Told, "id" | "day">; close(): void };
  }

  interface Page {
    readonly url: string;
    postMessage(message: unknown): void;
    focus(): Promise<unknown>;
  }

  interface Events {
    install: ExtendableEvent;
    activate: ExtendableEvent;
    message: MessageEvent;
    fetch: FetchEvent;
    sync: ExtendableEvent & { readonly tag: string };
    push: PushEvent;
    notificationclick: NotificationEvent;
  }

  interface Scope {
    readonly clients: {
      claim(): Promise<void>;
      matchAll(options: { type: "window" }): Promise<Page[]>;
      openWindow(path: string): Promise<unknown>;
    };
    readonly location: Location;
    readonly registration: {
      getNotifications(filter: { tag: string }): Promise<{ readonly data: Pick<Told, "id" | "day"> }[]>;
      /** `renotify`: make a noise although one with the tag is there. */
      showNotification(title: string, options: NotificationOptions & { renotify: boolean }): Promise<void>;
    };
    addEventListener<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => void): void;
    skipWaiting(): Promise<void>;
  }
}

/** Written before the script by the service (api/pages.py). */
declare const KEPT: { version: string; paths: string[] };

interface ServiceWorkerRegistration {
  /** Not in every browser. */
  readonly sync?: { register(tag: string): Promise<void> };
}
