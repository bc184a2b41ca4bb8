/** What a service worker is told: the types of pages and of workers cannot be had in one project. */
declare namespace OnWorker {
  interface ExtendableEvent extends Event {
    waitUntil(work: Promise<unknown>): void;
  }

  interface FetchEvent extends ExtendableEvent {
    readonly request: Request;
    respondWith(answer: Promise<Response>): void;
  }

  interface Events {
    install: ExtendableEvent;
    activate: ExtendableEvent;
    message: MessageEvent;
    fetch: FetchEvent;
    sync: ExtendableEvent & { readonly tag: string };
  }

  interface Scope {
    readonly clients: { claim(): Promise<void> };
    readonly location: Location;
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
