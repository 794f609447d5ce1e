package onsite

import kotlinx.coroutines.runBlocking
import onsite.example.showAlarms
import java.nio.file.Files
import kotlin.test.Test
import kotlin.test.assertTrue

/** The README's example, run. */
class ExampleTest {
    @Test
    fun `the example shows alarms and takes one`() =
        runBlocking {
            val backend = Backend.shared
            val config = Phone.config(Files.createTempDirectory("onsite-example").toFile())
            var mine = 0
            showAlarms(config, backend.who.first, backend.who.second) { rows ->
                mine = rows.count { it.acknowledged?.note == "on my way" && it.ownAction != null }
                mine == 0
            }
            assertTrue(mine > 0)
        }
}
