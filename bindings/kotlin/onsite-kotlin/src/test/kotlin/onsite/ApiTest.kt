package onsite

import kotlinx.validation.api.dump
import kotlinx.validation.api.filterOutNonPublic
import kotlinx.validation.api.loadApiFromJvmClasses
import java.io.File
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** The public API is the one that is checked in, and the README's example is compiled. */
class ApiTest {
    @Test
    fun `the public API is the one that is checked in`() {
        val classes = File(System.getProperty("onsite.classes")).walkTopDown().filter { it.extension == "class" }
        val now =
            StringBuilder()
                .also { text ->
                    classes
                        .map { it.inputStream() }
                        .loadApiFromJvmClasses()
                        .filterOutNonPublic()
                        .dump(text)
                }.toString()
        assertFalse("onsite/generated" in now || "onsite/bridge" in now, "generated types are not part of the API")
        val file = File(System.getProperty("onsite.api"))
        if (System.getenv("ONSITE_WRITE") == "1") file.writeText(now)
        assertEquals(file.readText(), now, "write it anew with ONSITE_WRITE=1 ./test kotlin, and say so in the changelog")
    }

    @Test
    fun `the example of the README is compiled and run here`() {
        val readme = File(System.getProperty("onsite.readme")).readText()
        val example = readme.substringAfter("```kotlin\n").substringBefore("```")
        val compiled = File("src/test/kotlin/onsite/example/Example.kt").readText()
        assertTrue(example.lines().size in 15..24, "about 20 lines")
        assertEquals(compiled, example)
    }
}
