// Virtual model names (`fireworks-virtual-models`): which model stands for one, by chance for single-tenant
// deployments, by language for fine-tuned families.

const F = 'accounts/fireworks/models/';
const S = 'accounts/sourcegraph/models/';

/** Percent of the requests that go to the single-tenant deployment, and the draw: 0 to 99. */
export interface Deployment {
  readonly enterprisePercent: number;
  readonly communityPercent: number;
  readonly draw: () => number;
}

const singleTenant = `${S}starcoder-16b`;

const fixed: Readonly<Record<string, string>> = {
  'starcoder2-15b': `${S}starcoder2-15b`,
  'starcoder2-7b': `${S}starcoder2-7b`,
  // Cody's fast path sends these two.
  'deepseek-coder-v2-lite-base': `${S}deepseek-coder-v2-lite-base`,
  [`${F}deepseek-coder-v2-lite-base`]: `${S}deepseek-coder-v2-lite-base`,
};

/** Fine-tuned families: the model for a language, and the one for all others. */
const families: Readonly<
  Record<string, { readonly byLanguage: Readonly<Record<string, string>>; readonly other: string }>
> = {
  'fim-lang-specific-model-deepseek-stack-trained': {
    byLanguage: {
      ...forEach(
        ['typescript', 'typescriptreact', 'javascript', 'javascriptreact'],
        `${S}finetuned-fim-lang-ts-like-model-deepseek-7b-stack-v2`,
      ),
      python: `${S}finetuned-fim-lang-py-model-deepseek-7b-stack-v2`,
    },
    other: `${S}deepseek-coder-7b-base`,
  },
  'fim-lang-specific-model-deepseek-logs-trained': {
    byLanguage: {
      typescript: `${S}finetuned-fim-lang-ts-model-deepseek-7b-logs-v2`,
      javascript: `${S}finetuned-fim-lang-js-model-deepseek-7b-logs-v2`,
      python: `${S}finetuned-fim-lang-py-model-deepseek-7b-logs-v2`,
      ...forEach(['typescriptreact', 'javascriptreact'], `${S}finetuned-fim-lang-tsx-jsx-model-deepseek-7b-logs-v2`),
    },
    other: `${S}deepseek-coder-7b-base`,
  },
  'fim-lang-specific-model-mixtral': {
    byLanguage: {
      ...forEach(['typescript', 'typescriptreact'], `${S}finetuned-fim-lang-typescript-model-mixtral-8x7b`),
      javascript: `${S}finetuned-fim-lang-javascript-model-mixtral-8x7b`,
      javascriptreact: `${S}finetuned-fim-lang-jsx-model-mixtral-8x7b`,
      php: `${S}finetuned-fim-lang-php-model-mixtral-8x7b`,
      python: `${S}finetuned-fim-lang-python-model-mixtral-8x7b`,
    },
    other: `${S}finetuned-fim-lang-all-model-mixtral-8x7b`,
  },
};

/**
 * The model that a name stands for, in any case; any other name means itself.
 * @param language the editor's `languageId`, '' without one
 */
export function resolveModel(asked: string, language: string, deployment: Deployment): string {
  // The allow-list compares without case: a virtual name that passes there must not reach the provider as it is.
  const name = asked.toLowerCase();
  const family = own(families, name);
  if (family !== null) return own(family.byLanguage, language) ?? family.other;
  const multiTenant = multiTenantOf(name);
  if (multiTenant === null) return own(fixed, name) ?? asked;
  const percent = name === 'starcoder' ? deployment.enterprisePercent : deployment.communityPercent;
  return deployment.draw() < percent ? singleTenant : multiTenant;
}

function multiTenantOf(name: string): string | null {
  if (name === 'starcoder' || name === 'starcoder-16b') return `${F}starcoder-16b`;
  return name === 'starcoder-7b' ? `${F}starcoder-7b` : null;
}

/** A member of its own, whatever a caller asks for. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}

function forEach(languages: readonly string[], model: string): Record<string, string> {
  return Object.fromEntries(languages.map((language) => [language, model]));
}
