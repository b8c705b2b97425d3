// Door of the console room: pages for operators and finance, out of what the warehouse, the directory, Redis and the
// catalogue tell. Reads only. Not who may look (functions/console).

export {
  createLookups,
  LookupFailed,
  questionText,
  type Lookups,
  type LookupSettings,
  type Question,
} from './lookups.ts';
export { contentPolicy, pageHtml, type Frame } from './page-html.ts';
export { Html, html } from './html.ts';
export { csvField, csvLine, tableCsv } from './table-csv.ts';
export { exactDollars } from './cell-text.ts';
export { outcomeColumns, outcomeSql } from './outcome.ts';
export type { Page, Section } from './page.ts';
export { told, type Told } from './told.ts';
export { overviewPage } from './overview/overview.ts';
export { overviewQuestions, readOverview, type OverviewData } from './overview/overview-data.ts';
export { readNames, readSubscriptions } from './names.ts';
export { customersPage, customersQuestion, readCustomers, type CustomersData } from './customers/customers.ts';
export { customerPage } from './customers/customer.ts';
export { customerQuestions, readCustomer, type CustomerData } from './customers/customer-data.ts';
export { customerName, subscriptions } from './customer-link.ts';
export { modelsPage } from './models/models.ts';
export {
  failuresQuestion,
  readKnownCatalogue,
  readModels,
  trafficQuestion,
  type KnownCatalogue,
  type ModelsData,
} from './models/models-data.ts';
export { functionsPage, functionsQuestions, readFunctions, type FunctionsData } from './functions/functions.ts';
export { requestPage } from './requests/request.ts';
export { isRequestId, readRequest, requestQuestion, type RequestData } from './requests/request-data.ts';
export { quotaLimit, reportPage, savedNano, totalOf, withRest, type ReportSources } from './report/report.ts';
export { readReport, reportQuestions, type ReportData } from './report/report-data.ts';
export { tagRow, tagsQuestion, type TagSpend } from './report/tags.ts';
export { sumNames, sumsSql } from './sums.ts';
