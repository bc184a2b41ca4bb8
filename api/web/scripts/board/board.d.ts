/** What the board makes of the service's answers: moments as milliseconds, things by their ids. */
declare namespace OnBoard {
  /** Milliseconds since 1970. */
  type Moment = number;

  /** An answer in which each `…_at` is a number of milliseconds. */
  type WithMoments<Read> = {
    [Name in keyof Read]: Name extends `${string}_at` ? (null extends Read[Name] ? Moment | null : Moment) : Read[Name];
  };

  type Shift = WithMoments<Api.BoardShift>;
  type Absence = WithMoments<Api.BoardAbsence>;
  type Stop = WithMoments<Api.BoardStop>;
  type Window = WithMoments<Api.BoardWindow>;
  type Route = WithMoments<Omit<Api.BoardRoute, "stops">> & { stops: Stop[] };
  type Job = WithMoments<Omit<Api.BoardJob, "windows">> & { id: string; windows: Window[] };
  type Figures = Api.BoardFigures & { unassigned: number };
  type Span = { from: Moment; to: Moment };

  /** Where a job is in the plan in force. */
  interface Placed {
    technicianId: string;
    route: Route;
    stop: Stop;
  }

  interface Board {
    /** The first of the days shown; empty until there is one. */
    day: Api.Day;
    days: number;
    /** The newest version of the plan in force. */
    version: number | null;
    takenAt: Moment | null;
    /** What starts so soon stays where it is. */
    freezeMinutes: number;
    technicians: Map<string, Api.BoardTechnician>;
    /** By technician: lists in the order of time. */
    shifts: Map<string, Shift[]>;
    absences: Map<string, Absence[]>;
    routes: Map<string, Route[]>;
    positions: Map<string, Api.BoardPosition>;
    jobs: Map<string, Job>;
    /** The chosen job where it is none of those. */
    guest: Job | null;
    /** By job: the reasons why it is not placed. */
    unassigned: Map<string, Api.Reason[]>;
    /** By job: where it is in the plan in force. */
    placed: Map<string, Placed>;
    depots: Map<string, Api.BoardDepot>;
    skills: Record<string, string>;
    parts: Record<string, string>;
    tools: Record<string, string>;
    /** What has to be decided now, as `GET /issues` has it. */
    issues: Api.Issue[];
    /** Sums over all routes, with the names of `route.figures`; `unassigned` besides. */
    figures: Figures;
  }

  // The time line

  /** One of the days shown: its working hours, and where they are in units of the scale. */
  interface ShownDay {
    iso: Api.Day;
    starts: Moment;
    ends: Moment;
    from: Moment;
    to: Moment;
    left: number;
    right: number;
  }

  /** Something that is drawn in a row. */
  interface Item {
    key: string;
    kind: string;
    from: Moment;
    to: Moment;
    /** Its name for readers of any kind; what has none is only drawn. */
    label?: string;
    job?: Job;
    stop?: Stop;
    late?: boolean | number;
    conflict?: boolean;
    /** Whether it is about to begin, and stays where it is. */
    frozen?: boolean;
    conflicts?: number;
    visits?: number;
    share?: number;
    available?: number;
    day?: ShownDay;
    /** Pixels that it has at least. */
    least?: number;
  }

  /** A stop of a route, as an item of its row. */
  interface StopItem extends Item {
    kind: Api.StopKind;
    label: string;
    stop: Stop;
  }

  /** What is in view, and how rows are to be marked. */
  interface View {
    left: number;
    right: number;
    now: Moment;
    focused: { technicianId: string | null; key: string };
    matches: (job: Job) => boolean;
    isFiltered: boolean;
    focusedKey: string | null;
  }

  // Moves, and what becomes of them

  /** Where a job would go: `startAt` null is "whenever it costs least". */
  interface Target {
    jobId: string;
    technicianId: string;
    startAt: Moment | null;
    from: { technicianId: string; startAt: Moment } | null;
  }

  interface DropHandler {
    moved: (target: Target) => void;
    dropped: (target: Target) => void;
    left: () => void;
  }

  /** A request that undoes something. */
  interface Undo {
    method: string;
    path: string;
    body?: unknown;
  }

  interface Done {
    id: number;
    words: string;
    at: Moment;
    undo: Undo[];
    isUndone: boolean;
  }

  interface Button {
    label: string;
    act: () => unknown;
  }

  /** A judgement, or what comes to the same where a hard rule is to be broken. */
  interface Found {
    violations: Broken[];
    overridable: boolean;
    extra_cost: Api.Cents;
    cost?: Record<string, Api.Cents>;
    visit: Api.JudgedVisit | null;
    plan_version?: number;
  }

  type Broken = Api.WaiverOut | Api.BrokenRule;
}
