// Who gets in from outside, and through what: the load balancer with Cloud Armor and TLS, and the tunnel for operators.

import { at, textAt } from './resources.ts';
import { faultsOf, ofType, type Rule } from './rule.ts';

const idsOf = (resources: readonly { readonly values: Readonly<Record<string, unknown>> }[]): Set<unknown> =>
  new Set(resources.map(({ values }) => values['id']));

const backends: Rule = (plan) => {
  const policies = idsOf(ofType(plan, 'google_compute_security_policy'));
  return faultsOf('load-balancer', ofType(plan, 'google_compute_backend_service'), (resource) => {
    if (!policies.has(at(resource, 'security_policy'))) return 'Cloud Armor does not stand in front of it';
    if (textAt(resource, 'load_balancing_scheme') !== 'EXTERNAL_MANAGED') return 'its scheme is not EXTERNAL_MANAGED';
    if (textAt(resource, 'protocol') !== 'HTTPS') return 'its protocol is not HTTPS';
    if (textAt(resource, 'enable_cdn') !== 'false') return 'answers must not be cached';
    return textAt(resource, 'compression_mode') === 'DISABLED' ? null : 'streams must not be compressed';
  });
};

/** Who forgets the proxy opens what it protects; where it stands in front of others, their callers are locked out. */
const proxy: Rule = (plan) => {
  const behind = new Set(plan.files.filter(({ access }) => access === 'iap').map(({ name }) => `fn-${name}`));
  const viewed = new Set(
    ofType(plan, 'google_iap_web_backend_service_iam_member').map((one) => textAt(one, 'web_backend_service')),
  );
  return faultsOf('proxy', ofType(plan, 'google_compute_backend_service'), (resource) => {
    const name = textAt(resource, 'name');
    const isOn = at(resource, 'iap.0.enabled') === true;
    if (behind.has(name) !== isOn)
      return isOn ? 'its callers have no Google account' : 'Identity-Aware Proxy does not stand in front of it';
    return !isOn || viewed.has(name) ? null : 'Identity-Aware Proxy lets nobody in';
  });
};

const armor: Rule = (plan) =>
  faultsOf('armor', ofType(plan, 'google_compute_security_policy'), (resource) => {
    const rules = (at(resource, 'rule') ?? []) as readonly Readonly<Record<string, unknown>>[];
    const acting = rules.filter(({ preview }) => preview !== true);
    const actions = acting.map(({ action, priority }) => ({ action, priority: Number(priority) }));
    if (actions.filter(({ action }) => action === 'deny(403)').length < 2) return 'it denies too little';
    if (!actions.some(({ action }) => action === 'throttle')) return 'it does not throttle';
    const open = actions.filter(({ action }) => action === 'allow');
    return open.every(({ priority }) => priority === 2_147_483_647) ? null : 'it allows before it has looked';
  });

const tls: Rule = (plan) => {
  const policies = idsOf(ofType(plan, 'google_compute_ssl_policy'));
  const map = ofType(plan, 'google_certificate_manager_certificate_map')[0];
  return [
    ...faultsOf('tls', ofType(plan, 'google_compute_ssl_policy'), (resource) => {
      if (!['TLS_1_2', 'TLS_1_3'].includes(textAt(resource, 'min_tls_version'))) return 'TLS 1.2 is the least';
      return ['MODERN', 'RESTRICTED'].includes(textAt(resource, 'profile')) ? null : 'its profile allows old ciphers';
    }),
    ...faultsOf('tls', ofType(plan, 'google_compute_target_https_proxy'), (resource) => {
      if (!policies.has(at(resource, 'ssl_policy'))) return 'it has none of the policies of TLS';
      if (textAt(resource, 'tls_early_data') !== 'DISABLED') return 'what comes early may be sent again by anybody';
      const wanted = `//certificatemanager.googleapis.com/${map === undefined ? '?' : textAt(map, 'id')}`;
      return textAt(resource, 'certificate_map') === wanted ? null : 'its certificates are not the map’s';
    }),
    ...faultsOf('tls', ofType(plan, 'google_compute_target_http_proxy'), (resource) => {
      const redirects = ofType(plan, 'google_compute_url_map').filter(
        (one) => at(one, 'default_url_redirect.0.https_redirect') === true,
      );
      return idsOf(redirects).has(at(resource, 'url_map')) ? null : 'HTTP must do nothing but redirect';
    }),
    ...faultsOf('tls', ofType(plan, 'google_certificate_manager_certificate'), (resource) =>
      ((at(resource, 'managed.0.dns_authorizations') ?? []) as readonly unknown[]).length > 0
        ? null
        : 'without DNS authorization it comes only after the hostname has moved, with TLS faults until then',
    ),
    ...faultsOf('tls', ofType(plan, 'google_monitoring_uptime_check_config'), (resource) =>
      textAt(resource, 'http_check.0.use_ssl') === 'true' && textAt(resource, 'http_check.0.validate_ssl') === 'true'
        ? null
        : 'it does not look at the certificate',
    ),
  ];
};

const ingress: Rule = (plan) =>
  faultsOf('ingress', ofType(plan, 'google_cloudfunctions2_function'), (resource) => {
    const file = plan.files.find(({ name }) => name === textAt(resource, 'name'));
    const given = textAt(resource, 'service_config.0.ingress_settings');
    const wanted =
      file?.trigger !== 'http'
        ? ['ALLOW_INTERNAL_ONLY']
        : plan.env === 'dev' && file.access !== 'iap'
          ? ['ALLOW_ALL', 'ALLOW_INTERNAL_AND_GCLB']
          : ['ALLOW_INTERNAL_AND_GCLB'];
    if (!wanted.includes(given)) return `${given} is open to more than ${wanted.join(' or ')}`;
    return textAt(resource, 'service_config.0.direct_vpc_egress') === 'VPC_EGRESS_PRIVATE_RANGES_ONLY'
      ? null
      : 'providers are not reached through the network, which has no way out';
  });

const tunnel: Rule = (plan) => [
  ...faultsOf('tunnel', ofType(plan, 'google_compute_firewall'), (resource) => {
    const ports = JSON.stringify(at(resource, 'allow'));
    return String(at(resource, 'source_ranges')) === '35.235.240.0/20' &&
      ports === '[{"ports":["22"],"protocol":"tcp"}]'
      ? null
      : 'Identity-Aware Proxy to port 22, and nothing else';
  }),
  ...faultsOf('tunnel', ofType(plan, 'google_compute_instance'), (resource) => {
    if (((at(resource, 'network_interface.0.access_config') ?? []) as readonly unknown[]).length > 0)
      return 'it must have no public address';
    return textAt(resource, 'metadata.enable-oslogin') === 'TRUE' ? null : 'it is entered by OS Login alone';
  }),
];

/** All of them. */
export const networkRules: readonly Rule[] = [backends, proxy, armor, tls, ingress, tunnel];
