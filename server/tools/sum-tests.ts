// Adds up what the test runners counted and prints the closing line: N passed, N failed[, N skipped].
// node sum-tests.ts RESULT.json PASSED FAILED EXIT-CODE
import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const Result = Type.Object({
  numPassedTests: Type.Number(),
  numFailedTests: Type.Number(),
  numPendingTests: Type.Number(),
  numTodoTests: Type.Number(),
  testResults: Type.Array(
    Type.Object({ status: Type.String(), assertionResults: Type.Array(Type.Object({ status: Type.String() })) }),
  ),
})

const [file = '', passedBefore = '0', failedBefore = '0', exit = '1'] = process.argv.slice(2)
let passed = Number(passedBefore)
let failed = Number(failedBefore)
let skipped = 0
try {
  const result = Value.Parse(Result, JSON.parse(readFileSync(file, 'utf8')))
  passed += result.numPassedTests
  failed += result.numFailedTests
  skipped += result.numPendingTests + result.numTodoTests
  // A file that could not be loaded, or whose preparation failed, has no failed test of its own, and failed all the same.
  const silent = (r: (typeof result.testResults)[number]) => !r.assertionResults.some((a) => a.status === 'failed')
  failed += result.testResults.filter((r) => r.status === 'failed' && silent(r)).length
} catch (error) {
  console.error(`The test runner left no result: ${error instanceof Error ? error.message : error}`)
  failed += 1
}
// An unhandled error fails the run without failing a test.
if (exit !== '0' && failed === 0) failed = 1
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
