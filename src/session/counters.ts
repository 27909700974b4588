/**
 * Everything that is counted, in one flat record: cheap to increase, easy to read, ready for any metrics library.
 *
 * @module
 */
export class Counters {
  requests = 0
  requestsRefused = 0
  sessionsOpened = 0
  sessionsDeleted = 0
  sessionsUnknown = 0
  sessionsExpired = 0
  sessionsForeign = 0
  unknownKeys = 0
  callsStarted = 0
  callsFinished = 0
  callsFailed = 0
  callsCancelled = 0
  streamsOpened = 0
  streamsResumed = 0
  streamsLost = 0
  streamsComplete = 0
  streamsRelayed = 0
  retriesForwarded = 0
  replicasLost = 0
  streamsReplaced = 0
  streamsStalled = 0
  sessionStreamResyncs = 0
  notificationsDropped = 0
  asksSent = 0
  asksAnswered = 0
  asksTimedOut = 0
  answersUnknown = 0
  limitsHit = 0
  rateLimited = 0
  keepAlives = 0
  hookErrors = 0
}
