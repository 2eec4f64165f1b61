// The console for whom it knows and whom it does not, with nothing configured, and with very much.
import Foundation
import NIOHTTP1
import Testing

@Suite(.serialized)
struct ConsoleAccessTests {
    @Test("who may look is not offered what only the editor may do, and a stranger sees nothing")
    func signIn() async throws {
        let server = try await WeirProcess(
            """
            view_auth guest look;
            edit_auth admin s3cret;
            stream clock { input fake://fake; segment_duration 1; }
            """)
        func sign(_ browser: Browser, _ user: String, _ password: String) async throws {
            try await browser.holds("document.querySelector('form.sign-in')")
            let _: Bool = try await browser.run(
                """
                const form = document.querySelector("form.sign-in");
                form.elements.user.value = "\(user)";
                form.elements.password.value = "\(password)";
                form.requestSubmit();
                return true;
                """)
        }
        let rules = try await Accessibility.rules()
        try await Browser.use { browser in
            try await browser.open(server.base + "/#/config")
            try await browser.shows(["Sign in", "only to those whom it knows"])
            try await browser.isAccessible(by: rules, "signing in")
            #expect(!(try await browser.run("return document.body.innerText", as: String.self)).contains("clock"))
            try await sign(browser, "guest", "wrong")
            try await browser.shows(["not right"])
            try await sign(browser, "guest", "look")
            try await browser.shows(["Changing the configuration needs the user of edit_auth"])
            try await browser.holds("document.getElementById('config-text').readOnly")
            let offered =
                "[...document.querySelectorAll('main button')].filter((b) => b.checkVisibility()).map((b) => b.innerText)"
            #expect(try await browser.run("return \(offered)", as: [String].self) == ["Sign in"])
            try await browser.press("Sign in")
            try await sign(browser, "admin", "s3cret")
            try await browser.holds("\(offered).includes('Check and see the difference')")
            #expect(
                try await browser.run("return document.getElementById('config-text').readOnly", as: Bool.self) == false)
            try await browser.holds("document.getElementById('config-text').value.includes('edit_auth admin ***;')")
            let page: String = try await browser.run(
                "return document.documentElement.outerHTML + document.getElementById('config-text').value")
            #expect(!page.contains("s3cret"))
            try await browser.press("Sign out admin")
            try await browser.shows(["only to those whom it knows"])
        }
    }

    @Test("a server without streams says what to type; with 2000 the page holds only the rows in sight")
    func emptyAndFull() async throws {
        let server = try await WeirProcess("# nothing yet\n")
        try await Browser.use { browser in
            // A worker has the policy that its own file came with.
            for path in ["/", "/console/main.js", "/console/streams-worker.js"] {
                let page = try await WebClient.ask(server.base + path)
                let policy = try #require(page.headers.first(name: "Content-Security-Policy"))
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
                #expect(policy.contains("connect-src 'self'") && !policy.contains("http"))
            }
            try await browser.look(width: 1280, height: 800, scheme: "light")
            try await browser.open(server.base + "/")
            try await browser.shows(["This server has no streams yet", "input fake://fake;", "kill -HUP"])
            try await browser.show("#/archive")
            try await browser.shows(["Nothing is recorded", "dvr /storage 3d 90%;"])
            try await browser.show("#/cluster")
            try await browser.shows(["This server is on its own", "cluster_key"])

            // What the page says to type makes a stream that runs.
            try await browser.show("#/streams")
            let typed: String = try await browser.run("return document.querySelector('.empty pre').innerText")
            #expect(try await server.send("PUT", "/config", typed).status == 200)
            try await browser.shows(["1 of 1 stream", "test", "running"])

            let streams = (1...2000).map { "stream s\(String(10_000 + $0).dropFirst()) { title T\($0); }\n" }.joined()
            let applied = try await server.send("PUT", "/config", streams)
            #expect(applied.status == 200)
            try await browser.show("#/streams")
            try await browser.shows(["2000 of 2000 streams", "s0001"])
            let count = "document.querySelectorAll('*').length"
            let first: Int = try await browser.run("return \(count)")
            #expect(first < 1500)
            #expect(
                try await browser.run("return document.querySelector('table').ariaRowCount", as: String.self) == "2001")
            // The last row is a scroll away, and no row stays that is out of sight.
            let _: Bool = try await browser.run("scrollTo(0, document.documentElement.scrollHeight); return true;")
            try await browser.shows(["s2000"])
            try await browser.holds("!document.querySelector('#content').innerText.includes('s0001')")
            #expect(try await browser.run("return \(count)", as: Int.self) < 1500)
            #expect(
                try await browser.run(
                    "return [...document.querySelectorAll('tbody tr[aria-rowindex]')].at(-1).ariaRowIndex",
                    as: String.self)
                    == "2001")
            let _: Bool = try await browser.run(
                "const search = document.getElementById('search'); search.value = 'T1999'; search.dispatchEvent(new Event('input')); return true;"
            )
            try await browser.shows(["1 of 2000 streams", "s1999"])
            #expect(try await browser.errors() == [])
        }
    }
}
