// A day of Google's bill for a gateway, in the detailed export's own columns: what a project like ours is billed for,
// by the services and SKUs that Google names, with credits, lines without labels and lines without a project. The
// amounts are made up; which lines there are is not.

/** A line of the export. */
export type BillLine = Readonly<Record<string, unknown>>;

type Row = readonly [service: string, sku: string, usd: number, component: string | null, resource?: string | null];

/** Of a day of a hundred requests a second. */
const rows: readonly Row[] = [
  ['Cloud Run', 'Services CPU (Request-based billing) in us-central1', 21.4, 'chat-completions'],
  ['Cloud Run', 'Services Memory (Request-based billing) in us-central1', 5.1, 'chat-completions'],
  ['Cloud Run', 'Services Min Instance CPU (Request-based billing) in us-central1', 1.9, 'code-completions'],
  // The label is missing: the resource tells.
  ['Cloud Run Functions', 'Services CPU (Request-based billing) in us-central1', 4.2, null, 'code-completions'],
  ['Cloud Run', 'Services CPU (Request-based billing) in us-central1', 1.6, 'deliver-events'],
  ['Cloud Run', 'Services CPU (Request-based billing) in us-central1', 0.4, 'sweep-leases'],
  ['Cloud Run', 'Cloud Run Network Internet Data Transfer Out North America to North America', 9.8, 'chat-completions'],
  ['Networking', 'Cloud Load Balancer Forwarding Rule Minimum Global', 0.6, 'load-balancer'],
  ['Networking', 'Global External Application Load Balancer Inbound Data Processing', 0.8, null],
  ['Networking', 'Network Internet Data Transfer Out from Americas to Americas', 2.6, null],
  ['Networking', 'Cloud Armor Security Policy Requests', 6.5, null],
  ['Cloud Memorystore for Redis', 'Redis Capacity Standard M2 Iowa', 9.2, 'redis'],
  ['Cloud Tasks', 'Cloud Tasks Operations', 1.4, null],
  ['BigQuery', 'Streaming Insert', 0.5, 'events'],
  ['BigQuery', 'Analysis', 0.7, 'events'],
  ['App Engine', 'Cloud Firestore Read Ops', 0.3, null],
  ['Cloud Logging', 'Log Storage cost', 3, null],
  ['Cloud Trace', 'Spans ingested', 8.6, null],
  ['Cloud Monitoring', 'Prometheus Samples Ingested', 4, null],
  ['Secret Manager', 'Secret version replica storage', 0.1, null],
  ['Artifact Registry', 'Artifact Registry Storage', 0.2, null],
  ['Cloud Build', 'E2 Standard Build time', 0.1, null],
  ['Cloud Storage', 'Standard Storage US Regional', 0.05, null],
  ['Cloud Scheduler', 'Jobs', 0.01, null],
  ['Compute Engine', 'E2 Instance Core running in Americas', 0.2, 'bastion'],
  // Nobody knows what this is.
  ['Cloud DNS', 'ManagedZone', 0.01, null],
  ['Certificate Manager', 'Certificates', 0.2, null],
];

/** Of the whole billing account. */
const ofNoProject: readonly Row[] = [
  ['Support', 'Standard Support', 29, null],
  ['Invoice', 'Tax', 9, null],
];

/**
 * @param day `yyyy-mm-dd`
 * @param project of the functions
 */
export function drawBill(day: string, project: string): BillLine[] {
  const line = ([service, sku, usd, component, resource = null]: Row, project_id: string | null): BillLine => ({
    billing_account_id: '01-02-03',
    service: { id: service, description: service },
    sku: { id: sku, description: sku },
    usage_start_time: `${day}T20:00:00Z`,
    usage_end_time: `${day}T21:00:00Z`,
    project:
      project_id === null
        ? null
        : { id: project_id, number: '1', name: project_id, labels: [], ancestry_numbers: '', ancestors: [] },
    labels:
      component === null
        ? []
        : [
            { key: 'app', value: 'cody-gateway' },
            { key: 'component', value: component },
          ],
    system_labels: [],
    resource: { name: resource, global_name: resource === null ? null : `//run.googleapis.com/${resource}` },
    tags: [],
    // A tenth is given back; the account is billed in euros.
    cost: usd * 1.1 * 0.9,
    currency: 'EUR',
    currency_conversion_rate: 0.9,
    credits: [
      {
        name: 'Committed use',
        amount: -usd * 0.1 * 0.9,
        full_name: 'Committed use',
        id: 'c',
        type: 'COMMITTED_USAGE_DISCOUNT',
      },
    ],
    invoice: { month: day.slice(0, 7).replace('-', ''), publisher_type: 'GOOGLE' },
    cost_type: service === 'Invoice' ? 'tax' : 'regular',
  });
  return [
    ...rows.map((row) => line(row, project)),
    ...ofNoProject.map((row) => line(row, null)),
    line(
      ['Cloud Run', 'Services CPU (Request-based billing) in us-central1', 500, 'chat-completions'],
      'another-project',
    ),
  ];
}

/** Dollars of such a day: of the project, and of none. */
export const billedUsd = {
  project: rows.reduce((sum, [, , usd]) => sum + usd, 0),
  noProject: ofNoProject.reduce((sum, [, , usd]) => sum + usd, 0),
};
