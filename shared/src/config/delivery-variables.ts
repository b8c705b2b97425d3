// How events and notices leave: queues, warehouse, webhook, and at which shares of a quota a notice is due.

import { row } from './variable-row.ts';

/** Rows of queues, warehouse and notices. */
export const deliveryVariables = {
  tasksEndpoint: row(
    'CODY_GATEWAY_TASKS_ENDPOINT',
    'url',
    null,
    'Where Cloud Tasks is; unset on Google Cloud, `http://` means without TLS.',
  ),
  tasksLocation: row('CODY_GATEWAY_TASKS_LOCATION', 'text', 'us-central1', 'Region of the queues.'),
  eventsQueue: row(
    'CODY_GATEWAY_EVENTS_QUEUE',
    'text',
    'events',
    'Queue that carries usage events to `deliver-events`.',
  ),
  deliverEventsUrl: row(
    'CODY_GATEWAY_DELIVER_EVENTS_URL',
    'url',
    null,
    'Where the queue delivers usage events; without it they stay in the outbox.',
  ),
  eventsQueueCount: row(
    'CODY_GATEWAY_EVENTS_QUEUE_COUNT',
    'integer',
    '1',
    'Queues that share the usage events, for more than 500 tasks a second: the named one, then with `-1`, `-2` and so on.',
    [1, 100],
  ),
  notificationsQueue: row(
    'CODY_GATEWAY_NOTIFICATIONS_QUEUE',
    'text',
    'notifications',
    'Queue that carries quota notices to `deliver-notifications`.',
  ),
  deliverNotificationsUrl: row(
    'CODY_GATEWAY_DELIVER_NOTIFICATIONS_URL',
    'url',
    null,
    'Where the queue delivers quota notices; without it they are logged only.',
  ),
  slackWebhookUrl: row(
    'CODY_GATEWAY_ACTOR_RATE_LIMIT_NOTIFY_SLACK_WEBHOOK_URL',
    'secret',
    null,
    'Incoming webhook that gets quota notices; without it they are logged only.',
  ),
  subscriptionThresholds: row(
    'CODY_GATEWAY_NOTIFY_SUBSCRIPTIONS_AT',
    'percents',
    '90,95,100',
    'Percent of a quota at which a notice about a subscription is sent.',
  ),
  budgetThresholds: row(
    'CODY_GATEWAY_NOTIFY_BUDGETS_AT',
    'percents',
    '50,80,100',
    'Percent of a budget in dollars at which a notice is sent; `none`: also none when it first refuses a call.',
  ),
  userThresholds: row(
    'CODY_GATEWAY_NOTIFY_USERS_AT',
    'percents',
    'none',
    'Percent of a quota at which a notice about a Sourcegraph.com user is sent.',
  ),
  spendFindingNanoUsd: row(
    'CODY_GATEWAY_SPEND_FINDING_USD',
    'dollars',
    '100',
    'Dollars a day from which on a subscription or user is told about whose day costs many times its usual one.',
  ),
  spendFindingTimes: row(
    'CODY_GATEWAY_SPEND_FINDING_TIMES',
    'integer',
    '4',
    'How many times its usual day that is: the median of the last 28.',
    [2, 1000],
  ),
  subscriptionLinkBase: row(
    'CODY_GATEWAY_SUBSCRIPTION_LINK_BASE',
    'url',
    'https://sourcegraph.com/site-admin/dotcom/product/subscriptions',
    'What a notice links a subscription to, with its id behind.',
  ),
  tasksServiceAccount: row(
    'CODY_GATEWAY_TASKS_SERVICE_ACCOUNT',
    'text',
    null,
    'Account whose OIDC token a task carries; unset where the target asks for none.',
  ),
  bigqueryProjectId: row(
    'CODY_GATEWAY_BIGQUERY_PROJECT_ID',
    'text',
    null,
    'Project of the events table; default `GOOGLE_CLOUD_PROJECT`.',
  ),
  bigqueryDataset: row('CODY_GATEWAY_BIGQUERY_DATASET', 'text', 'cody_gateway', 'Dataset of the events table.'),
  bigqueryTable: row('CODY_GATEWAY_BIGQUERY_TABLE', 'text', 'events', 'The events table.'),
  bigqueryEndpoint: row(
    'CODY_GATEWAY_BIGQUERY_ENDPOINT',
    'url',
    null,
    'Where BigQuery is; unset on Google Cloud, `http://` means without credentials.',
  ),
} as const;
