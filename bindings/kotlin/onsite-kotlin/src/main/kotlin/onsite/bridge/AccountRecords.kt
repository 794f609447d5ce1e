package onsite.bridge

import onsite.Access
import onsite.AccountState
import onsite.ActionStage
import onsite.CurrentState
import onsite.Decision
import onsite.Location
import onsite.OnsiteConfig
import onsite.Organization
import onsite.OwnAction
import onsite.Person
import onsite.Role
import onsite.SessionState
import onsite.SignIn
import onsite.Subject
import onsite.SubjectKind
import onsite.Tile
import onsite.TileKind
import onsite.generated.AccountConfig
import onsite.generated.LocationNode
import onsite.generated.OrganizationOverview
import onsite.generated.TileFilter
import onsite.generated.Access as CoreAccess
import onsite.generated.AccountState as CoreAccountState
import onsite.generated.ActionStage as CoreActionStage
import onsite.generated.CurrentState as CoreCurrentState
import onsite.generated.OwnAction as CoreOwnAction
import onsite.generated.Person as CorePerson
import onsite.generated.SignIn as CoreSignIn

internal fun OnsiteConfig.write(): AccountConfig = AccountConfig(folder, key, server, access.write(), extraRoots)

private fun Access.write(): CoreAccess =
    when (this) {
        is Access.Person -> CoreAccess.Person
        is Access.ApiKey -> CoreAccess.ApiKey(key)
    }

private fun CorePerson.read(): Person = Person(id, name)

internal fun CoreSignIn.read(): SignIn =
    when (this) {
        is CoreSignIn.SignedIn -> SignIn.SignedIn(person.read())
        is CoreSignIn.SecondFactor -> SignIn.SecondFactor(methods)
    }

internal fun CoreAccountState.read(): AccountState =
    AccountState(
        person = person?.read(),
        session = SessionState.valueOf(session.name),
        offline = offline,
        live = live,
        readAt = instantIf(readAt),
        age = durationIf(ageMs),
        trouble = trouble?.read(),
        clockOffset = durationIf(clockOffsetMs),
        clockUncertain = clockUncertain,
        waiting = waiting,
        parked = parked,
        nextAttempt = instantIf(nextAttempt),
        now = instant(now),
    )

internal fun CoreOwnAction.read(): OwnAction =
    OwnAction(
        id = id,
        organization = organization,
        kind = kind,
        subject = Subject(SubjectKind.valueOf(subjectKind.name), subject),
        label = label,
        within = within,
        madeAt = instant(madeAt),
        stage = stage.read(),
        body = body,
        retryOf = retryOf,
    )

private fun CoreActionStage.read(): ActionStage =
    when (this) {
        is CoreActionStage.OnPhone -> ActionStage.OnPhone(instantIf(nextAttempt), beingSent, paused, trouble?.read())
        is CoreActionStage.OnServer -> ActionStage.OnServer
        is CoreActionStage.Parked ->
            ActionStage.Parked(problem.read(), current?.read(), decisions.map { Decision.valueOf(it.name) })
    }

private fun CoreCurrentState.read(): CurrentState =
    CurrentState(by, byName, instantIf(madeAt), instant(yoursMadeAt), acknowledged?.read(), muted?.read())

internal fun OrganizationOverview.read(): Organization =
    Organization(id, label, activeCritical, activeWarning, role?.let { Role.valueOf(it.name) })

internal fun LocationNode.read(): Location = Location(id, organization, parent, label, kind, depth)

internal fun TileFilter.read(): Tile = Tile(TileKind.valueOf(tile.name), filter.read())
