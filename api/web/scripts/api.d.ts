/**
 * What the service answers, as far as the pages read it. Names of types are those of the schemas in
 * /openapi.json, and a test compares the two: what is named here has to be there.
 *
 * Moments are ISO texts with an offset (`Moment`), days `2026-11-23` (`Day`), money cents.
 */
declare namespace Api {
  type Moment = string;
  type Day = string;
  type Cents = number;

  type Role = "dispatcher" | "technician" | "integration" | "solver" | "administrator";
  type JobStatus = "open" | "scheduled" | "dispatched" | "en_route" | "on_site" | "completed" | "cannot_complete" | "on_hold" | "cancelled";
  type Priority = "low" | "normal" | "high" | "urgent" | "emergency";
  type StopKind = "visit" | "depot" | "break";
  type Missed = "time_window" | "due";
  type Severity = "indeterminate" | "warning" | "minor" | "major" | "critical";
  type AlarmState =
    | "unacknowledged"
    | "acknowledged"
    | "returned_to_normal"
    | "normal"
    | "shelved"
    | "suppressed_by_design"
    | "out_of_service";
  type PlanStatus = "draft" | "published" | "discarded";
  type RunStatus = "queued" | "running" | "finished" | "cancelled" | "failed";
  type ReportKind = "en_route" | "on_site" | "completed" | "cannot_complete";
  /** What an amount counts. */
  type Unit = "seconds" | "metres" | "items" | "levels" | "";

  // Refusals (RFC 9457)

  interface ProblemFault {
    code: string;
    /** JSON pointer into the body, or the parameter's name. */
    where: string;
    values?: Record<string, string | number>;
  }

  interface Problem {
    title: string;
    detail?: string;
    faults?: ProblemFault[];
  }

  // Who is signed in

  interface SessionOut {
    account_id: string;
    name: string;
    role: Role;
    technician_id: string | null;
    time_zone: string;
    currency: string;
    tile_url: string | null;
  }

  // The board

  interface HeldSkillOut {
    skill_id: string;
    level: number;
  }

  interface BoardTechnician {
    id: string;
    name: string;
    phone: string | null;
    latitude: number;
    longitude: number;
    skills: HeldSkillOut[];
    territories: string[];
    pace_percent: number;
    max_visits: number | null;
    max_travel_minutes: number | null;
    max_distance_km: number | null;
    cost_per_hour: number | null;
    cost_per_km: number | null;
  }

  /** What is to change in how a technician works. */
  type HowTheyWork = Pick<
    BoardTechnician,
    "pace_percent" | "max_visits" | "max_travel_minutes" | "max_distance_km" | "cost_per_hour" | "cost_per_km"
  >;

  interface BoardShift {
    technician_id: string;
    starts_at: Moment;
    ends_at: Moment;
    max_overtime_seconds: number;
  }

  interface BoardAbsence {
    id: string;
    technician_id: string;
    starts_at: Moment;
    ends_at: Moment;
    reason: string | null;
  }

  /** Why something does not hold or has to be decided; `values` are what it is about, by name. */
  interface CauseOut {
    code: string;
    values: Record<string, any>;
  }

  interface BoardStop {
    kind: StopKind;
    job_id: string | null;
    depot_id: string | null;
    arrival_at: Moment;
    start_at: Moment;
    departure_at: Moment;
    expected_arrival_at: Moment;
    expected_start_at: Moment;
    expected_departure_at: Moment;
    will_miss: Missed[];
    conflict: CauseOut | null;
    parts: Record<string, number>;
    tools: string[];
  }

  interface BoardFigures {
    visits: number;
    done: number;
    not_done: number;
    under_way: number;
    late: number;
    shift_seconds: number;
    working_seconds: number;
    service_seconds: number;
    travel_seconds: number;
    overtime_seconds: number;
    distance_metres: number;
  }

  interface BoardRoute {
    technician_id: string;
    shift_starts_at: Moment;
    shift_ends_at: Moment;
    plan_version: number;
    start_at: Moment;
    end_at: Moment;
    expected_end_at: Moment;
    figures: BoardFigures;
    stops: BoardStop[];
  }

  interface BoardWindow {
    starts_at: Moment;
    ends_at: Moment;
    price: number;
  }

  interface BoardJob {
    title: string;
    status: JobStatus;
    priority: Priority;
    duration_minutes: number;
    site_id: string;
    site: string;
    address: string;
    phone: string | null;
    latitude: number | null;
    longitude: number | null;
    territory: string | null;
    access_minutes: number;
    skills: Record<string, number>;
    parts: Record<string, number>;
    tools: string[];
    windows: BoardWindow[];
    due_at: Moment | null;
    told_at: Moment | null;
    pinned_technician_id: string | null;
    pinned_start_at: Moment | null;
    not_before_at: Moment | null;
    en_route_at: Moment | null;
    arrived_at: Moment | null;
    departed_at: Moment | null;
    links: JobLinkOut[];
    revision: number;
  }

  interface JobLinkOut {
    id: string;
    kind: "together" | "after" | "apart" | "follow_up";
    job_ids: string[];
    least_minutes: number | null;
    most_minutes: number | null;
    person: "same" | "different" | "any" | null;
    by: "technician" | "day" | null;
  }

  interface Reason {
    code: string;
    rule: string | null;
  }

  interface WaitingJob {
    job_id: string;
    reasons: Reason[];
  }

  interface LentToolOut {
    tool_id: string;
    name: string;
    number: number;
  }

  interface DepotOut {
    id: string;
    name: string;
    address: string;
    latitude: number;
    longitude: number;
    opens: string;
    closes: string;
    handling_minutes: number;
    phone: string | null;
    tools: LentToolOut[];
  }

  interface BoardDepot {
    id: string;
    name: string;
    latitude: number;
    longitude: number;
  }

  interface BoardPosition {
    technician_id: string;
    latitude: number;
    longitude: number;
    at: Moment;
  }

  interface LentTwice {
    code: "tool_lent_twice";
    depot_id: string;
    tool_id: string;
    has: number;
    technician_ids: string[];
    days: Day[];
    starts_at: Moment;
    ends_at: Moment;
  }

  interface Board {
    day: Day;
    days: number;
    taken_at: Moment;
    version: number;
    freeze_minutes: number;
    technicians: BoardTechnician[];
    shifts: BoardShift[];
    absences: BoardAbsence[];
    routes: BoardRoute[];
    jobs: Record<string, BoardJob>;
    unassigned: WaitingJob[];
    depots: BoardDepot[];
    positions: BoardPosition[];
    /** Names of what is referred to, by id. */
    skills: Record<string, string>;
    parts: Record<string, string>;
    tools: Record<string, string>;
  }

  interface Issue {
    id: string;
    kind: string;
    since: Moment;
    weight: number;
    job_ids: string[];
    technician_id: string | null;
    day: Day | null;
    cause: CauseOut;
    repairs: Repair[];
  }

  interface Repair {
    kind: string;
    values: Record<string, any>;
    method: "POST" | "PATCH";
    path: string;
    body: Record<string, unknown> | null;
    cost: Cents | null;
  }

  interface RepairList {
    repairs: Repair[];
  }

  interface IssueList {
    issues: Issue[];
    taken_at: Moment;
    is_current: boolean;
  }

  // Jobs, and where they could go

  interface Window {
    starts_at: Moment;
    ends_at: Moment;
    price: number;
  }

  interface SkillLevel {
    skill_id: string;
    level: number;
  }

  interface PartQuantity {
    part_id: string;
    quantity: number;
  }

  interface JobOut {
    id: string;
    site_id: string;
    title: string;
    asset_id: string | null;
    work_type_id: string | null;
    contact_name: string | null;
    contact_phone: string | null;
    note: string | null;
    status: JobStatus;
    hold_reason: string | null;
    hold_until: Day | null;
    priority: Priority;
    duration_minutes: number;
    due_at: Moment | null;
    windows: Window[];
    skills: SkillLevel[];
    parts: PartQuantity[];
    tools: string[];
    preferred: string[];
    allowed: string[];
    forbidden: string[];
    parts_used: Record<string, number> | null;
    told_at: Moment | null;
    pinned_technician_id: string | null;
    pinned_start_at: Moment | null;
    not_before_at: Moment | null;
    en_route_at: Moment | null;
    arrived_at: Moment | null;
    departed_at: Moment | null;
    links: JobLinkOut[];
    revision: number;
  }

  /** A job, site, machine or technician that has the words searched for. */
  interface FoundThing {
    kind: "job" | "site" | "asset" | "technician";
    id: string;
    name: string;
    matched: ("id" | "title" | "contact" | "phone" | "site" | "address" | "asset" | "name")[];
    site_id: string | null;
    site: string | null;
    address: string | null;
    phone: string | null;
    asset_id: string | null;
    asset: string | null;
    status: JobStatus | null;
    day: Day | null;
    start_at: Moment | null;
    technician_id: string | null;
    technician: string | null;
  }

  interface SearchPage {
    found: FoundThing[];
    next: number | null;
  }

  /** A job that has no day. */
  interface BacklogJob {
    job_id: string;
    title: string;
    state: "open" | "unassigned" | "on_hold";
    status: JobStatus;
    hold_reason: string | null;
    hold_until: Day | null;
    priority: Priority;
    duration_minutes: number;
    created_at: Moment;
    due_at: Moment | null;
    windows: Window[];
    work_type_id: string | null;
    site_id: string;
    site: string;
    address: string;
    phone: string | null;
    territory: string | null;
    needs_location: boolean;
    reasons: Reason[];
    revision: number;
  }

  interface BacklogPage {
    jobs: BacklogJob[];
    count: number;
    next: number | null;
  }

  interface SiteOut {
    id: string;
    name: string;
    address: string;
    phone: string | null;
    latitude: number | null;
    longitude: number | null;
    territory: string | null;
    access_minutes: number;
  }

  interface SitesFound {
    sites: SiteOut[];
  }

  interface BrokenRule {
    rule: string;
    job_id: string | null;
    technician_id: string;
    subject: string;
    amount: number;
    unit: Unit;
    /** Whether the plan in force breaks it already. */
    existing: boolean;
  }

  interface WaiverOut {
    rule: string;
    job_id: string;
    technician_id: string;
    subject: string;
    amount: number;
    unit: Unit;
  }

  interface PlaceOption {
    technician_id: string;
    technician: string;
    start_at: Moment;
    departure_at: Moment;
    extra_cost: Cents;
    depot_ids: string[];
    moved_job_ids: string[];
    bumped_job_ids: string[];
  }

  interface PlaceOptions {
    options: PlaceOption[];
  }

  interface AlternativePlace extends PlaceOption {
    violations: BrokenRule[];
  }

  interface PresentPlace {
    technician_id: string;
    technician: string;
    start_at: Moment;
    /** What leaving the job out would save; null if it must not be where it is. */
    saving: Cents | null;
  }

  interface Alternatives {
    here: PresentPlace;
    alternatives: AlternativePlace[];
  }

  interface JudgedVisit {
    technician_id: string;
    arrival_at: Moment;
    start_at: Moment;
    departure_at: Moment;
  }

  interface MovedVisit {
    job_id: string;
    technician_id: string;
    old_start_at: Moment;
    new_start_at: Moment;
  }

  interface JudgedStop {
    kind: StopKind;
    job_id: string | null;
    depot_id: string | null;
    arrival_at: Moment;
    start_at: Moment;
    departure_at: Moment;
  }

  interface JudgedRoute {
    technician_id: string;
    stops: JudgedStop[];
  }

  interface Judgement {
    possible: boolean;
    overridable: boolean;
    violations: BrokenRule[];
    extra_cost: Cents;
    cost: Record<string, Cents>;
    moved: MovedVisit[];
    routes: JudgedRoute[];
    plan_version: number;
    visit: JudgedVisit | null;
  }

  interface PlacedVisit {
    job_id: string;
    technician_id: string;
    start_at: Moment;
    departure_at: Moment;
  }

  interface JointVerdict {
    possible: boolean;
    overridable: boolean;
    violations: BrokenRule[];
    extra_cost: Cents;
    cost: Record<string, Cents>;
    moved: MovedVisit[];
    routes: JudgedRoute[];
    plan_version: number;
    job_ids: string[];
    visits: PlacedVisit[];
    told_job_ids: string[];
  }

  interface WayIn {
    waivers: WaiverOut[];
    bumped_job_ids: string[];
    extra_cost: Cents;
    visit: JudgedVisit;
  }

  interface TechnicianWhyNot {
    technician_id: string;
    technician: string;
    obstacles: BrokenRule[];
    changes: WayIn[];
  }

  interface PartSource {
    part_id: string | null;
    tool_id: string | null;
    depot_ids: string[];
    technician_ids: string[];
  }

  interface WhyNot {
    reasons: Reason[];
    technicians: TechnicianWhyNot[];
    sources: PartSource[];
  }

  // Changes by hand

  interface PlanChange {
    job_id: string;
    technician_id: string | null;
    start_at: Moment | null;
    hold: boolean;
    no_earlier?: boolean;
    day: Day | null;
  }

  interface ChangeMade {
    plan_version: number;
  }

  interface SeveralChange {
    action: "move" | "push" | "swap" | "swap_rests" | "take_off" | "cancel" | "pin";
    job_ids?: string[];
    technician_id?: string | null;
    with_technician_id?: string | null;
    start_at?: Moment | null;
    from_at?: Moment | null;
    minutes?: number | null;
    to?: "technician" | "time" | null;
    day?: Day | null;
  }

  interface SeveralMade {
    plan_version: number;
    is_new: boolean;
    job_ids: string[];
  }

  interface GapFiller {
    job_id: string;
    title: string;
    priority: Priority;
    site_id: string;
    start_at: Moment;
    departure_at: Moment;
    extra_cost: Cents;
  }

  interface GapFillers {
    fillers: GapFiller[];
  }

  interface AbsenceOut {
    id: string;
    starts_at: Moment;
    ends_at: Moment;
    reason: string | null;
  }

  // Plans and runs

  interface PlanChanges {
    added_job_ids: string[];
    removed_job_ids: string[];
    reassigned_job_ids: string[];
    moved_job_ids: string[];
    cost_before: Record<string, Cents>;
    cost_after: Record<string, Cents>;
    saved: Cents;
    price_of_change: Cents;
  }

  interface RunOut {
    id: string;
    status: RunStatus;
    starts_on: Day;
    ends_on: Day;
    requested_by: string;
    cancel_requested: boolean;
    progress: number;
    objective: Cents | null;
    changes: PlanChanges | null;
    failure: string | null;
    plan_id: number | null;
    plan_version: number | null;
    plan_status: PlanStatus | null;
  }

  interface RunPage {
    runs: RunOut[];
  }

  interface PlanSummary {
    id: number;
    version: number | null;
    status: PlanStatus;
    starts_on: Day;
    ends_on: Day;
    territory: string | null;
    created_at: Moment;
  }

  interface PlanPage {
    plans: PlanSummary[];
  }

  interface PlannedStop {
    kind: string;
    job_id: string | null;
    start_at: Moment;
    departure_at: Moment;
  }

  interface PlannedRoute {
    technician_id: string;
    stops: PlannedStop[];
  }

  interface PlanOut extends PlanSummary {
    routes: PlannedRoute[];
    lent_twice: LentTwice[];
  }

  interface Figures {
    jobs: number;
    distance_metres: number;
    travel_seconds: number;
    working_seconds: number;
    overtime_seconds: number;
    late_seconds: number;
    cost: Cents;
  }

  interface Assignment {
    technician_id: string;
    start_at: Moment;
  }

  interface ChangedTechnician {
    technician_id: string;
    technician: string;
    before: Figures;
    after: Figures;
    job_ids: string[];
    with_technician_ids: string[];
  }

  interface ChangedJob {
    job_id: string;
    title: string;
    change: "added" | "removed" | "technician" | "time";
    told: boolean;
    old: Assignment | null;
    new: Assignment | null;
  }

  interface DraftChanges {
    is_as_made: boolean;
    before: Figures;
    after: Figures;
    changes: PlanChanges;
    technicians: ChangedTechnician[];
    jobs: ChangedJob[];
  }

  // What machines say

  interface AlertOut {
    id: number;
    device_id: string;
    asset_id: string;
    type: string;
    severity: Severity;
    readings: Record<string, number>;
    message: string | null;
    occurred_at: Moment;
    count: number;
    acknowledged_at: Moment | null;
    acknowledged_by: string | null;
    state: AlarmState;
    outcome: "received" | "folded" | "rejected" | "job" | "cleared";
    reason: string | null;
    rule_id: string | null;
    job_id: string | null;
  }

  interface AlertPage {
    alerts: AlertOut[];
  }

  interface AssetOut {
    id: string;
    name: string;
    model: string | null;
    serial_number: string | null;
  }

  interface AssetPage {
    assets: AssetOut[];
    next: string | null;
  }

  /** The work types of the company. */
  interface TemplateOut {
    id: string;
    name: string | null;
    title: string;
    priority: Priority;
    skills: SkillLevel[];
    parts: PartQuantity[];
    tools: string[];
    duration_minutes: number;
  }

  interface JobTemplatePage {
    job_templates: TemplateOut[];
    next: string | null;
  }

  interface DeadLetterOut {
    id: number;
    source_id: string | null;
    device: string | null;
    faults: { code: string }[];
    received_at: Moment;
    count: number;
  }

  interface DeadLetterPage {
    dead_letters: DeadLetterOut[];
  }

  /** One of `GET /events`. */
  interface EventOut {
    type: string;
    entity: string;
    entity_id: string;
    after: Record<string, any> | null;
  }

  // A technician's day

  interface TechnicianOut {
    id: string;
    name: string;
  }

  interface TechnicianPage {
    technicians: TechnicianOut[];
  }

  interface PartCount {
    id: string;
    name: string;
    quantity: number;
  }

  interface NamedTool {
    id: string;
    name: string;
  }

  interface StopTask {
    title: string;
    severity: Severity;
    asset: string;
    model: string | null;
    serial_number: string | null;
  }

  interface StopWindow {
    starts_at: Moment;
    ends_at: Moment;
  }

  interface Colleague {
    job_id: string;
    title: string;
    technician_id: string | null;
    technician: string | null;
    phone: string | null;
    expected_arrival_at: Moment | null;
    status: JobStatus;
  }

  /** What a reading should be, both limits included. */
  interface WantedReadingOut {
    name: string;
    unit: string | null;
    least: number | null;
    most: number | null;
  }

  interface RouteStop {
    kind: StopKind;
    arrival_at: Moment;
    start_at: Moment;
    departure_at: Moment;
    expected_arrival_at: Moment;
    expected_start_at: Moment;
    expected_departure_at: Moment;
    windows: StopWindow[];
    will_miss: Missed[];
    en_route_at: Moment | null;
    arrived_at: Moment | null;
    departed_at: Moment | null;
    job_id: string | null;
    depot_id: string | null;
    title: string;
    status: JobStatus | null;
    priority: Priority | null;
    name: string | null;
    address: string | null;
    phone: string | null;
    latitude: number | null;
    longitude: number | null;
    parts: PartCount[];
    tools: NamedTool[];
    tasks: StopTask[];
    /** None where the day was kept by an earlier version of the page; so are the next two. */
    crew?: Colleague[];
    checklist?: string[];
    readings_wanted?: WantedReadingOut[];
  }

  interface ShiftRoute {
    shift_starts_at: Moment;
    shift_ends_at: Moment;
    leaves_at: Moment;
    returns_at: Moment;
    distance_metres: number;
    load_parts: PartCount[];
    load_tools: NamedTool[];
    stops: RouteStop[];
  }

  interface DailyRoute {
    technician_id: string;
    technician: string;
    day: Day;
    time_zone: string;
    routes: ShiftRoute[];
  }

  interface EarlierVisit {
    job_id: string;
    title: string;
    status: JobStatus;
    ended_at: Moment;
    technician: string | null;
    reason: string | null;
    note: string | null;
    parts_used: PartCount[];
    readings: Record<string, number>;
    /** None where it was kept by an earlier version of the phone's page; so are the next two. */
    checked?: string[];
    checklist?: string[];
    readings_wanted?: WantedReadingOut[];
    signed_by: string | null;
    assets: string[];
    same_asset: boolean;
  }

  interface EndedVisit {
    job_id: string;
    title: string;
    status: JobStatus;
    ended_at: Moment;
    technician: string | null;
    reason: string | null;
    note: string | null;
    parts_used: PartCount[];
    readings: Record<string, number>;
    checked: string[];
    checklist: string[];
    readings_wanted: WantedReadingOut[];
    signed_by: string | null;
    site: string;
    followed_by: string[];
    is_closed: boolean;
  }

  interface EndedVisits {
    visits: EndedVisit[];
    next: string | null;
  }

  interface ReportOut {
    id: string;
    technician_id: string;
    kind: ReportKind;
    at: Moment;
    received_at: Moment;
    reason: string | null;
    note: string | null;
    parts_used: Record<string, number> | null;
    readings: Record<string, number>;
    checked: string[];
    checklist: string[];
    readings_wanted: WantedReadingOut[];
    signed_by: string | null;
  }

  interface AttachmentOut {
    id: string;
    job_id: string;
    kind: "photo" | "signature";
    technician_id: string | null;
    taken_at: Moment | null;
    received_at: Moment;
    width: number;
    height: number;
  }

  interface Attachments {
    attachments: AttachmentOut[];
  }

  interface Reports {
    reports: ReportOut[];
  }

  interface JobHistory {
    visits: EarlierVisit[];
    next: string | null;
  }

  interface CalendarLinkOut {
    created_at: Moment | null;
  }

  interface MadeCalendarLink extends CalendarLinkOut {
    url: string;
  }

  interface PushSubscriptionOut {
    public_key: string | null;
    created_at: Moment | null;
  }

  interface NewReport {
    id: string;
    job_id: string;
    kind: ReportKind;
    at: Moment;
    reason?: string;
    note?: string;
    parts_used?: PartQuantity[];
    readings?: Record<string, number>;
    checked?: string[];
    signed_by?: string;
  }

  // Stock

  interface PartOut {
    id: string;
    name: string;
  }

  interface PartsFound {
    parts: PartOut[];
  }

  interface PartNeed {
    needed: number;
    to_fetch: number;
    lacks: number;
  }

  interface VanPart {
    id: string;
    name: string;
    quantity: number;
    today: PartNeed;
    tomorrow: PartNeed;
    to_spare: number;
  }

  interface StockTransferOut {
    id: string;
    technician_id: string;
    technician: string;
    part_id: string;
    part: string;
    quantity: number;
    depot_id: string | null;
    from_technician_id: string | null;
    source: string;
    at: Moment;
    received_at: Moment;
  }

  interface VanContent {
    technician_id: string;
    technician: string;
    day: Day;
    parts: VanPart[];
    tools: NamedTool[];
    lacking_tools: NamedTool[];
    transfers: StockTransferOut[];
  }

  interface DepotSource {
    id: string;
    name: string;
    address: string;
    phone: string | null;
    latitude: number;
    longitude: number;
    opens: string;
    closes: string;
    quantity: number;
    to_spare: number;
    own_to_fetch: number;
    distance_metres: number;
  }

  interface ColleagueSource {
    id: string;
    name: string;
    phone: string | null;
    to_spare: number;
    distance_km: number | null;
  }

  interface PartSources {
    part_id: string;
    part: string;
    quantity: number;
    depots: DepotSource[];
    colleagues: ColleagueSource[];
  }

  interface NewStockTransfer {
    id: string;
    part_id: string;
    quantity: number;
    at: Moment;
    depot_id?: string;
    from_technician_id?: string;
  }

  // Who answers with what

  /** What `GET path` gives. */
  type Read<Path extends string> = Path extends "/session"
    ? SessionOut
    : Path extends `/board/${string}`
      ? Board
      : Path extends `/depots/${string}`
        ? DepotOut
        : Path extends "/issues"
          ? IssueList
          : Path extends `/issues/${string}/repairs`
            ? RepairList
            : Path extends `/jobs/${string}/alternatives?${string}`
              ? Alternatives
              : Path extends `/jobs/${string}/options?${string}`
                ? PlaceOptions
                : Path extends `/jobs/${string}/why-not?${string}`
                  ? WhyNot
                  : Path extends `/jobs/${string}/history?${string}`
                    ? JobHistory
                    : Path extends `/jobs/${string}/attachments`
                      ? Attachments
                      : Path extends `/jobs/${string}/reports`
                        ? Reports
                        : Path extends `/ended-visits?${string}`
                          ? EndedVisits
                          : Path extends `/jobs/${string}`
                            ? JobOut
                            : Path extends `/search?${string}`
                              ? SearchPage
                              : Path extends `/backlog?${string}`
                                ? BacklogPage
                                : Path extends `/job-templates?${string}`
                                  ? JobTemplatePage
                                  : Path extends `/assets?${string}`
                                    ? AssetPage
                                    : Path extends `/sites/${string}`
                                      ? SiteOut
                                      : Path extends `/sites?${string}`
                                        ? SitesFound
                                        : Path extends `/runs?${string}`
                                          ? RunPage
                                          : Path extends `/runs/${string}`
                                            ? RunOut
                                            : Path extends `/plans?${string}`
                                              ? PlanPage
                                              : Path extends `/plans/${string}/changes`
                                                ? DraftChanges
                                                : Path extends `/plans/${string}`
                                                  ? PlanOut
                                                  : Path extends `/alerts?${string}`
                                                    ? AlertPage
                                                    : Path extends `/assets/${string}`
                                                      ? AssetOut
                                                      : Path extends `/dead-letters?${string}`
                                                        ? DeadLetterPage
                                                        : Path extends `/technicians?${string}`
                                                          ? TechnicianPage
                                                          : Path extends `/technicians/${string}/routes/${string}`
                                                            ? DailyRoute
                                                            : Path extends `/technicians/${string}/calendar-link`
                                                              ? CalendarLinkOut
                                                              : Path extends `/technicians/${string}/push-subscription`
                                                                ? PushSubscriptionOut
                                                                : Path extends `/plan-changes/gaps?${string}`
                                                                  ? GapFillers
                                                                  : Path extends `/technicians/${string}/stock`
                                                                    ? VanContent
                                                                    : Path extends `/technicians/${string}/parts/${string}/sources?${string}`
                                                                      ? PartSources
                                                                      : Path extends `/parts?${string}`
                                                                        ? PartsFound
                                                                        : Path extends `/pages/texts/${string}`
                                                                          ? Record<string, string>
                                                                          : unknown;

  /** What `POST path` gives. */
  type Posted<Path extends string> = Path extends "/session"
    ? SessionOut
    : Path extends "/jobs"
      ? JobOut
      : Path extends "/plans"
        ? RunOut
        : Path extends "/plan-changes"
          ? ChangeMade
          : Path extends "/plan-changes/judgement"
            ? Judgement
            : Path extends "/plan-changes/several"
              ? SeveralMade
              : Path extends "/plan-changes/several/judgement"
                ? JointVerdict
                : Path extends `/plans/${string}/publish`
                  ? PlanSummary
                  : Path extends `/runs/${string}/cancel`
                    ? RunOut
                    : Path extends `/alerts/${string}/acknowledge`
                      ? AlertOut
                      : Path extends `/technicians/${string}/absences`
                        ? AbsenceOut
                        : Path extends `/technicians/${string}/calendar-link?${string}`
                          ? MadeCalendarLink
                          : unknown;

  type Answer<Method extends string, Path extends string> = Method extends "GET"
    ? Read<Path>
    : Method extends "POST"
      ? Posted<Path>
      : unknown;
}
