/** What the technician's page keeps on the phone, and passes about. */
declare namespace OnPhone {
  /** The session, and the token that belongs to it. */
  type Session = Api.SessionOut & { csrf_token: string };

  /** Whose reports go out; see delivery.js. */
  type Sender = Pick<Session, "technician_id" | "csrf_token">;

  /** What became of a request; `status` 0 if the service could not be reached. */
  interface Answer<Body> {
    status: number;
    body: Body | null;
    etag: string | null;
    retryAfter: number | null;
  }

  /** What is on its way: `sent` until what was read again shows it. */
  interface Outgoing {
    /** In the order in which they were made. */
    number: number;
    technician_id: string;
    title: string;
    place: string | null;
    made_at: number;
    state: "waiting" | "sent" | "refused";
    sent_at?: number;
    faults?: Api.ProblemFault[];
    attempts: number;
  }

  interface Report extends Outgoing {
    what?: undefined;
    body: Api.NewReport;
  }

  /** What was taken into the van: `title` is the part, `place` where it was. */
  interface Transfer extends Outgoing {
    what: "transfer";
    body: Api.NewStockTransfer;
  }

  /** What is on its way, before it has a number. */
  type NewRow = Omit<Report, "number"> | Omit<Transfer, "number">;

  /** A photo or a signature; what has arrived stays for a while, to be looked at without a connection. */
  interface Picture {
    id: string;
    technician_id: string;
    job_id: string;
    kind: "photo" | "signature";
    content: ArrayBuffer;
    media_type: string;
    taken_at: number;
    state: "waiting" | "sent" | "refused";
    faults?: Api.ProblemFault[];
    attempts: number;
  }

  /** What is told of a picture without it. */
  type ShownPicture = Omit<Picture, "content">;

  interface PictureSchema extends DBSchemaOfIdb {
    pictures: { key: string; value: Picture };
  }

  /** A day as it was last read; `seen` is the day that was last looked at. */
  interface KeptDay {
    key: string;
    day: Api.DailyRoute;
    etag: string | null;
    seen: Api.DailyRoute;
    read_at: number;
  }

  interface KeptHistory {
    key: string;
    visits: Api.EarlierVisit[];
    has_more: boolean;
    read_at: number;
  }

  /** The own van as it was last read. */
  interface KeptVan {
    content: Api.VanContent;
    etag: string | null;
    read_at: number;
  }

  /** Where a part is to be had, as it was last read. */
  interface KeptSources {
    found: Api.PartSources;
    everywhere: boolean;
    read_at: number;
  }

  /** The few single values, by name; `ticks/…` besides, lists of keys. */
  interface Values {
    session: Session;
    shares_position: boolean;
    wants_notices: boolean;
    last_sent_at: number;
    van: KeptVan;
    sources: KeptSources[];
    [ticks: `ticks/${string}`]: string[];
  }

  interface Schema extends DBSchemaOfIdb {
    reports: { key: number; value: Report | Transfer };
    days: { key: string; value: KeptDay };
    histories: { key: string; value: KeptHistory };
    values: { key: string; value: { key: string; value: any } };
  }
  type DBSchemaOfIdb = import("idb").DBSchema;
  type Store = "reports" | "days" | "histories" | "values";
  type Row<Name extends Store> = Schema[Name]["value"];
  type Key<Name extends Store> = Schema[Name]["key"];

  type Outcome = "taken" | "refused" | "failed" | "away" | "signed_out" | "forbidden";
  type Connection = "unknown" | "there" | "away" | "busy" | "signed_out";

  /** A stop in its place in the day. */
  interface Item {
    route: Api.ShiftRoute;
    stop: Api.RouteStop;
    key: string;
    /** Of visits only. */
    number: number | null;
    /** `now`: the one to show large. */
    state: "over" | "now" | "later";
  }

  /** A difference between two readings of a day. */
  interface Change {
    kind: "added" | "removed" | "moved" | "changed";
    stop: Api.RouteStop;
    before?: Api.RouteStop;
  }

  /** Something to fetch. */
  interface Line {
    key: string;
    id: string;
    name: string;
    quantity?: number;
    users: Api.RouteStop[];
  }

  /** Where to fetch things; `stop` is null for the van's load in the morning. */
  interface Place {
    key: string;
    stop: Api.RouteStop | null;
    lines: Line[];
  }

  /** All that there is to show. */
  interface State {
    session: Session | null;
    technicianId: string;
    isReadOnly: boolean;
    iso: Api.Day;
    today: Api.Day;
    tab: string;
    kept: KeptDay | undefined;
    van: KeptVan | undefined;
    reports: Row<"reports">[];
    pictures: ShownPicture[];
    ticks: Set<string>;
    connection: Connection;
    isBusy: boolean;
    lastSentAt: number | null;
    others: number;
    goesByItself: boolean;
    refusal: string | null;
    histories: number;
  }

  /** What can be done on the page. */
  interface Deeds {
    report: (kind: Api.ReportKind, stop: Api.RouteStop) => unknown;
    tick: (key: string, isTicked: boolean) => unknown;
    seen: () => unknown;
    retry: (number: number) => unknown;
    drop: (number: number) => unknown;
    /** Look for a part in the company; null: which is to be chosen yet. */
    find: (part: Api.PartOut | null) => unknown;
  }
}
