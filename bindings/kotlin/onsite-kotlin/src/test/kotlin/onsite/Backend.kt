package onsite

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout
import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Nothing here takes this long unless it hangs. */
val PATIENCE = 90.seconds

/** The real server as a process: with an invented organization that stands still, or with the living demonstration. */
class Backend private constructor(
    private val data: File,
    listen: String,
    living: List<String> = emptyList(),
) : AutoCloseable {
    /** On a free port. */
    constructor() : this(invented(), "127.0.0.1:0")

    private val process: Process =
        program(data, "serve", "--listen", listen, "--data", data.path, *living.toTypedArray())

    val url: String

    /** E-mail and password of an administrator. */
    val who: Pair<String, String>

    init {
        Runtime.getRuntime().addShutdownHook(Thread(process::destroyForcibly))
        val output = process.inputStream.bufferedReader()
        val next = { output.readLine() ?: error("it ended: ${File(data, "errors.txt").readText()}") }
        url = next().removePrefix("listening on ")
        who =
            if (living.isEmpty()) {
                val people = File(data, "organization.json").readText().substringAfter("\"people\"")
                people.property("email") to people.property("password")
            } else {
                val person = generateSequence(next).first { it.startsWith("person ") && it.endsWith(" administrator") }.split(" ")
                person[1] to person[2]
            }
    }

    /** The same server on the same data and address, after it was ended. */
    fun again(): Backend = Backend(data, url.substringAfter("//").trimEnd('/'))

    override fun close() {
        process.destroy()
        check(process.waitFor(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)) { "the server does not end" }
    }

    companion object {
        /** One for all tests that do not end it. */
        val shared: Backend by lazy { Backend() }

        /** Three organizations in which things happen. */
        fun living(): Backend =
            Backend(Files.createTempDirectory("onsite-living").toFile(), "127.0.0.1:0", listOf("--demo", "--seed", "7"))

        private fun program(
            data: File,
            vararg arguments: String,
        ): Process =
            ProcessBuilder(System.getProperty("onsite.server"), *arguments).redirectError(File(data, "errors.txt")).start()

        private fun invented(): File {
            val data = Files.createTempDirectory("onsite-server").toFile()
            val file = File(data, "organization.json").path
            val steps =
                listOf(
                    listOf("demo-data", "--seed", "7", "--alarms", "20000", "--devices", "400", "--out", file),
                    listOf("import", file, "--data", data.path),
                )
            steps.forEach { step ->
                check(program(data, *step.toTypedArray()).waitFor() == 0) { "$step: ${File(data, "errors.txt").readText()}" }
            }
            return data
        }
    }
}

private fun String.property(name: String): String =
    checkNotNull(Regex("\"$name\"\\s*:\\s*\"([^\"]*)\"").find(this)) { "no $name" }.groupValues[1]

/** A phone: its folder outlives its account. */
class Phone private constructor(
    val onsite: Onsite,
    val folder: File,
) {
    suspend fun me(): Assignee = Assignee(checkNotNull(onsite.state.first { it.person != null }.person))

    suspend fun until(
        what: String,
        holds: (AccountState) -> Boolean,
    ): AccountState = onsite.state.awaited(what, holds)

    suspend fun action(
        id: String,
        what: String,
        holds: (ActionStage) -> Boolean,
    ): OwnAction =
        onsite.actions
            .awaited(what) { actions -> actions.any { it.id == id && holds(it.stage) } }
            .first { it.id == id }

    /** Alarms that nobody touched and no other test takes. */
    suspend fun untouched(
        wanted: Int,
        status: AlarmStatus? = null,
    ): List<AlarmRow> {
        val filter =
            AlarmFilter(
                status = status,
                muted = MutedChoice.WITHOUT,
                assignment = AssignmentChoice.Unassigned,
            )
        val rows = onsite.alarms.window(filter, size = 5_000).awaited("a list") { !it.searching && it.total != null }.rows
        val free = synchronized(taken) { rows.filter { it.id !in taken }.take(wanted).onEach { taken.add(it.id) } }
        check(free.size == wanted) { "only ${free.size} of ${rows.size} alarms are free" }
        return free
    }

    /** One line, as a list shows it. */
    fun row(id: String): Flow<Listed<AlarmRow, AlarmCounts>> = onsite.alarms.window(size = 1, at = id)

    companion object {
        private val taken: MutableSet<String> = HashSet()
        val KEY = ByteArray(32) { 7 }

        fun config(
            folder: File,
            server: String = Backend.shared.url,
            key: ByteArray = KEY,
        ) = OnsiteConfig(folder.path, key, server)

        /** Signed in, with everything read once. */
        suspend fun signedIn(backend: Backend = Backend.shared): Phone {
            val folder = Files.createTempDirectory("onsite-phone").toFile()
            val onsite = Onsite.open(config(folder, backend.url)).orThrow()
            onsite.signIn(backend.who.first, backend.who.second).orThrow()
            return Phone(onsite, folder).also { phone -> phone.until("everything was read") { it.readAt != null } }
        }
    }
}

/** The first element for which something holds; names what never came. */
suspend fun <T> Flow<T>.awaited(
    what: String,
    holds: suspend (T) -> Boolean,
): T {
    var last: T? = null
    return runCatching {
        withTimeout(PATIENCE) {
            first {
                last = it
                holds(it)
            }
        }
    }.getOrElse { throw AssertionError("never came: $what; last was $last", it) }
}

suspend fun eventually(
    what: String,
    holds: () -> Boolean,
) {
    runCatching {
        withTimeout(PATIENCE) {
            while (!holds()) delay(10.milliseconds)
        }
    }.getOrElse { throw AssertionError("never came: $what", it) }
}
