// That somebody is told: channels, thresholds that can be passed, metrics that are known when a policy asks for them.

import { at, textAt, type Resource } from './resources.ts';
import { faultsOf, ofType, type Plan, type Rule } from './rule.ts';

const idsOfKind = (plan: Plan, kind: string): string[] =>
  ofType(plan, 'google_monitoring_notification_channel')
    .filter((channel) => textAt(channel, 'type') === kind && textAt(channel, 'enabled') !== 'false')
    .map((channel) => textAt(channel, 'id'));

const channels: Rule = (plan) => {
  const [slack, email] = [idsOfKind(plan, 'slack'), idsOfKind(plan, 'email')];
  return [
    ...faultsOf('channels', ofType(plan, 'google_monitoring_alert_policy'), (resource) => {
      const told = (at(resource, 'notification_channels') ?? []) as readonly string[];
      if (textAt(resource, 'enabled') === 'false') return 'it is switched off';
      if (!['CRITICAL', 'WARNING'].includes(textAt(resource, 'severity'))) return 'it has no severity';
      return told.some((id) => slack.includes(id)) && told.some((id) => email.includes(id))
        ? null
        : 'Slack and mail are told: either may be broken';
    }),
    ...faultsOf('channels', ofType(plan, 'google_billing_budget'), (resource) => {
      const told = (at(resource, 'all_updates_rule.0.monitoring_notification_channels') ?? []) as readonly string[];
      return told.length >= 1 && told.length <= 5 && told.every((id) => email.includes(id))
        ? null
        : 'a budget tells one to five mail channels, and no others';
    }),
  ];
};

/** Policies on metrics of our own log lines wait until Monitoring knows these. */
const order: Rule = (plan) => [
  ...faultsOf('order', ofType(plan, 'google_monitoring_alert_policy'), (resource) =>
    ours.test(JSON.stringify(resource.values)) && !waits(resource)
      ? 'it does not wait until its metric is known'
      : null,
  ),
  ...faultsOf('order', ofType(plan, 'time_sleep'), (resource) =>
    textAt(resource, 'create_duration') === '600s' ? null : 'Monitoring may take ten minutes',
  ),
];
/** As filters name a metric, and as PromQL does. */
const ours = /[/:]user[/_]cody_gateway/;
const waits = ({ dependsOn }: Resource): boolean => dependsOn.some((address) => address.includes('time_sleep.metrics'));

/** A filter names a metric that is made here; a policy on another one is never heard of. */
const metrics: Rule = (plan) => {
  const made = new Set(ofType(plan, 'google_logging_metric').map((metric) => textAt(metric, 'name')));
  return faultsOf('metrics', ofType(plan, 'google_monitoring_alert_policy'), ({ values }) => {
    const asked = [...JSON.stringify(values).matchAll(/logging\.googleapis\.com\/user\/(cody_gateway\/[a-z_]+)/g)];
    const unknown = asked.flatMap(([, name = '']) => (made.has(name) ? [] : [name]));
    return unknown.length === 0 ? null : `nothing counts ${unknown.join(', ')}`;
  });
};

const faultsOfOthers: Rule = (plan) =>
  faultsOf('slo', ofType(plan, 'google_monitoring_slo'), (resource) => {
    const goal = Number(textAt(resource, 'goal'));
    if (!(goal >= 0.99 && goal < 1)) return `its goal is ${goal}`;
    return textAt(resource, 'request_based_sli.0.good_total_ratio.0.bad_service_filter').includes('/own_errors')
      ? null
      : 'a provider’s faults are not ours';
  });

/** All of them. */
export const monitoringRules: readonly Rule[] = [channels, order, metrics, faultsOfOthers];
