// A company of two technicians on 23 November 2026 in Hanoi (UTC+7), as small as a test needs it.

import { setPlace } from "../../../api/web/scripts/format.js";
import { loadTexts } from "../../../api/web/scripts/texts.js";

export const DAY = "2026-11-23";

/** A moment of that day by the clock of Hanoi, as the service writes it. */
export const at = (clock, day = DAY) => new Date(`${day}T${clock}:00+07:00`).toISOString();

/** The page as it is once its texts are there and it is known whose it is. */
export async function begin(page) {
  await loadTexts(page);
  setPlace("Asia/Ho_Chi_Minh", "VND");
}

const FIGURES = {
  visits: 1,
  done: 0,
  not_done: 0,
  under_way: 0,
  late: 0,
  shift_seconds: 0,
  working_seconds: 7200,
  service_seconds: 3600,
  travel_seconds: 3600,
  overtime_seconds: 0,
  distance_metres: 10_000,
};

const technician = (id, name, more = {}) => ({
  id,
  name,
  phone: null,
  latitude: 21,
  longitude: 105.8,
  skills: [],
  territories: [],
  ...more,
});

const job = (title, more = {}) => ({
  title,
  status: "scheduled",
  priority: "normal",
  duration_minutes: 60,
  site_id: "S1",
  site: "Chợ Đồng Xuân",
  address: "1 Đồng Xuân",
  phone: null,
  latitude: 21,
  longitude: 105.8,
  territory: "north",
  skills: {},
  parts: {},
  tools: [],
  windows: [],
  due_at: null,
  told_at: null,
  pinned_technician_id: null,
  pinned_start_at: null,
  en_route_at: null,
  arrived_at: null,
  departed_at: null,
  links: [],
  revision: 1,
  ...more,
});

const stop = (jobId, clock, more = {}) => {
  const start = at(clock);
  const end = new Date(Date.parse(start) + 3_600_000).toISOString();
  return {
    kind: "visit",
    job_id: jobId,
    depot_id: null,
    arrival_at: start,
    start_at: start,
    departure_at: end,
    expected_arrival_at: start,
    expected_start_at: start,
    expected_departure_at: end,
    will_miss: [],
    conflict: null,
    parts: {},
    tools: [],
    ...more,
  };
};

/** As `GET /board/{day}` answers: An has J1, Bình J2 which will be late; J3 is nobody's. */
export const board = (more = {}) => ({
  day: DAY,
  days: 1,
  taken_at: at("10:00"),
  version: 7,
  technicians: [
    technician("T01", "An", { skills: [{ skill_id: "cooling", level: 2 }], territories: ["north"] }),
    technician("T02", "Bình", { territories: ["south"] }),
  ],
  shifts: ["T01", "T02"].map((id) => ({
    technician_id: id,
    starts_at: at("08:00"),
    ends_at: at("17:00"),
    max_overtime_seconds: 0,
  })),
  absences: [],
  routes: [
    ["T01", "J1", "09:00", []],
    ["T02", "J2", "11:00", ["due"]],
  ].map(([id, jobId, clock, misses]) => ({
    technician_id: id,
    shift_starts_at: at("08:00"),
    shift_ends_at: at("17:00"),
    plan_version: 7,
    start_at: at("08:30"),
    end_at: at("12:30"),
    expected_end_at: at("12:30"),
    figures: FIGURES,
    stops: [stop(jobId, clock, { will_miss: misses })],
  })),
  jobs: {
    J1: job("Máy lạnh", { skills: { cooling: 1 }, priority: "urgent" }),
    J2: job("Tủ đông", { territory: "south", pinned_technician_id: "T02" }),
    J3: job("Điều hòa", { status: "open" }),
  },
  unassigned: [{ job_id: "J3", reasons: [{ code: "outbid", rule: null }] }],
  depots: [{ id: "D1", name: "Kho Long Biên", latitude: 21, longitude: 105.9 }],
  positions: [],
  skills: { cooling: "Cooling" },
  parts: { P1: "Compressor" },
  tools: { W1: "Winch" },
  ...more,
});

/** A stop of a technician's day, an hour long. */
export const visit = (jobId, clock, more = {}) => ({
  ...stop(jobId, clock),
  windows: [],
  en_route_at: null,
  arrived_at: null,
  departed_at: null,
  title: `Job ${jobId}`,
  status: "dispatched",
  priority: "normal",
  name: "Chợ Đồng Xuân",
  address: "1 Đồng Xuân",
  phone: null,
  latitude: 21,
  longitude: 105.8,
  parts: [],
  tools: [],
  tasks: [],
  ...more,
});

export const depotCall = (clock, more = {}) =>
  visit(null, clock, { kind: "depot", depot_id: "D1", title: "", status: null, name: "Kho Long Biên", ...more });

export const pause = (clock) => visit(null, clock, { kind: "break", title: "", status: null, name: null });

/** As `GET /technicians/T01/routes/{day}` answers, with one shift. */
export const day = (stops, more = {}) => ({
  technician_id: "T01",
  technician: "An",
  day: DAY,
  time_zone: "Asia/Ho_Chi_Minh",
  routes: [
    {
      shift_starts_at: at("08:00"),
      shift_ends_at: at("17:00"),
      leaves_at: at("08:00"),
      returns_at: at("17:00"),
      distance_metres: 10_000,
      load_parts: [],
      load_tools: [],
      stops,
      ...more,
    },
  ],
});

/** A report as it is kept on the phone. */
export const report = (kind, jobId, clock, more = {}) => ({
  number: 1,
  technician_id: "T01",
  body: { id: `${jobId}-${kind}`, job_id: jobId, kind, at: at(clock) },
  title: `Job ${jobId}`,
  place: null,
  made_at: Date.parse(at(clock)),
  state: "waiting",
  attempts: 0,
  ...more,
});
