// Messages of lines that alone hold an event which neither Redis nor the queue took. An alert goes by how they begin
// (terraform/modules/monitoring/log-lines.json), an operator's replay by their members.

/** Ends each of them. */
export const replayIt = 'It stands in this line alone: replay it (terraform/README.md, "Replaying events")';

export const lostEvent = `an event could not be written: Redis did not take it. ${replayIt}`;
